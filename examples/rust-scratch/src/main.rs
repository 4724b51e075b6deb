//! A small HTTP service on the standard library alone.
//!
//! `/` greets; `/healthz` reads the files that the image brings along and says which of them it cannot use.

mod health;
mod http;

use std::env;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::http::Response;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const NAME: &str = env!("CARGO_PKG_NAME");
const DEFAULT_PORT: u16 = 8080;
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{NAME}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let port = match env::var("PORT") {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("PORT is {text:?}: it must be a number from 0 to 65535"))?,
        Err(_) => DEFAULT_PORT,
    };
    let listener = TcpListener::bind(("0.0.0.0", port))
        .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    eprintln!("{NAME}: listening on http://{address}");

    for connection in listener.incoming() {
        match connection {
            Ok(stream) => {
                thread::spawn(move || {
                    if let Err(error) = serve(stream) {
                        eprintln!("{NAME}: connection dropped: {error}");
                    }
                });
            }
            Err(error) => eprintln!("{NAME}: cannot accept a connection: {error}"),
        }
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let response = match http::read_target(&mut stream)? {
        Some(target) => answer(&target),
        None => Response::new(400, "bad request\n"),
    };
    response.write_to(&mut stream)
}

fn answer(target: &str) -> Response {
    match target {
        "/" => Response::new(200, "Hello from an image with nothing else in it.\n"),
        "/healthz" => match health::check() {
            Ok(report) => Response::new(200, report),
            Err(problem) => Response::new(500, problem),
        },
        _ => Response::new(404, "not found\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_greets() {
        let response = answer("/");
        assert_eq!(response.status, 200);
        assert!(response.body.starts_with("Hello"));
    }

    #[test]
    fn other_paths_are_not_found() {
        assert_eq!(answer("/etc/passwd").status, 404);
    }

    #[test]
    fn a_request_is_answered_over_tcp() {
        use std::io::{Read, Write};

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || serve(listener.accept().unwrap().0));
        let mut client = TcpStream::connect(address).unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        server.join().unwrap().unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    }
}
