//! The files that an image from scratch must bring along, read as the user that the service runs as.

use std::env;
use std::fs;
use std::path::Path;

const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
const ZONES: &str = "/usr/share/zoneinfo";
const DEFAULT_ZONE: &str = "UTC";

/// One line for each file, or what is wrong with the first that is.
pub fn check() -> Result<String, String> {
    let zone = env::var("TZ").unwrap_or_else(|_| DEFAULT_ZONE.to_owned());
    let certificates = count_certificates(&read(Path::new(CERTIFICATES))?)?;
    let version = zone_version(&read(&Path::new(ZONES).join(&zone))?)?;
    Ok(format!(
        "ok\ncertificates: {certificates}\ntime zone: {zone}, format {version}\n"
    ))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}\n", path.display()))
}

fn count_certificates(bundle: &[u8]) -> Result<usize, String> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    match bundle
        .windows(BEGIN.len())
        .filter(|window| *window == BEGIN)
        .count()
    {
        0 => Err("the bundle of certificates holds none\n".to_owned()),
        count => Ok(count),
    }
}

/// The version in the header of a compiled time zone (RFC 8536, section 3.1).
fn zone_version(data: &[u8]) -> Result<u8, String> {
    match data {
        [b'T', b'Z', b'i', b'f', 0, ..] => Ok(1),
        [b'T', b'Z', b'i', b'f', version @ b'2'..=b'9', ..] => Ok(version - b'0'),
        _ => Err("the time zone is not compiled (no TZif header)\n".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_counted() {
        let one = b"-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";
        assert_eq!(count_certificates(&one.repeat(3)), Ok(3));
        assert!(count_certificates(b"").is_err());
    }

    #[test]
    fn a_compiled_time_zone_is_known_by_its_header() {
        assert_eq!(zone_version(b"TZif\0..."), Ok(1));
        assert_eq!(zone_version(b"TZif2..."), Ok(2));
        assert!(zone_version(b"Rule Swiss 1941").is_err());
    }
}
