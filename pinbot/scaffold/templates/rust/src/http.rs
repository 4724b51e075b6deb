//! As much of HTTP/1.1 as answering GET needs: one request, one response, connection closed.

use std::io::{self, BufRead, BufReader, Read, Write};

const LONGEST_HEAD: u64 = 8 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub body: String,
}

impl Response {
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            body: body.into(),
        }
    }

    fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            _ => "Internal Server Error",
        }
    }

    pub fn write_to(&self, stream: &mut impl Write) -> io::Result<()> {
        write!(
            stream,
            "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
            self.status,
            self.reason(),
            self.body.len(),
            self.body
        )
    }
}

/// Reads a request up to its empty line; gives the path of a GET without its query, or None for anything else.
pub fn read_target(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut lines = BufReader::new(stream.take(LONGEST_HEAD)).lines();
    let first = match lines.next() {
        Some(line) => line?,
        None => return Ok(None),
    };
    for line in lines {
        if line?.is_empty() {
            return Ok(target_of(&first));
        }
    }
    Ok(None)
}

fn target_of(request_line: &str) -> Option<String> {
    let mut words = request_line.split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("GET"), Some(target), Some(version), None)
            if target.starts_with('/') && version.starts_with("HTTP/1.") =>
        {
            Some(target.split('?').next().unwrap_or(target).to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(request: &str) -> Option<String> {
        read_target(&mut request.as_bytes()).unwrap()
    }

    #[test]
    fn the_path_of_a_get_is_read_without_its_query() {
        assert_eq!(
            read("GET /healthz?x=1 HTTP/1.1\r\nHost: a\r\n\r\n").as_deref(),
            Some("/healthz")
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for request in [
            "",
            "GET /",
            "POST / HTTP/1.1\r\n\r\n",
            "GET http://x/ HTTP/1.1\r\n\r\n",
            "GET / SPDY\r\n\r\n",
        ] {
            assert_eq!(read(request), None, "{request:?}");
        }
    }

    #[test]
    fn an_endless_head_is_refused() {
        let request = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(10_000));
        assert_eq!(read(&request), None);
    }

    #[test]
    fn a_response_says_how_long_it_is() {
        let mut bytes = Vec::new();
        Response::new(404, "not found\n")
            .write_to(&mut bytes)
            .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("HTTP/1.1 404 Not Found\r\n"));
        assert!(text.contains("\r\nContent-Length: 10\r\n"));
        assert!(text.ends_with("\r\n\r\nnot found\n"));
    }
}
