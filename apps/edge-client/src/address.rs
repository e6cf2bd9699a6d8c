//! The address of the API that vends certificates, checked before a token is sent there.

use crate::RunError;
use std::net::IpAddr;
use ureq::http::Uri;

/// Where certificates are asked for below the API's address.
const CERTIFICATES: &str = "/certificates";

/// Where to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The whole address of the question.
    pub(crate) certificates: Uri,
    /// Whether it is on this machine. Only there may TLS be left out.
    pub(crate) is_here: bool,
}

impl Address {
    /// Takes the API's address: `https://HOST/STAGE`, or `http://` on this machine.
    ///
    /// # Errors
    /// [`RunError::ApiUrl`], which doesn't repeat the address: somebody may have put a token into it.
    pub(crate) fn new(text: &str) -> Result<Self, RunError> {
        if text.contains(['?', '#', '@']) {
            return Err(RunError::ApiUrl(
                "it ends with its path, and holds neither a query nor a user: the token stands in a file or in MUSTER_TOKEN",
            ));
        }
        let unreadable = |_| RunError::ApiUrl("it has to look like https://HOST/v1");
        let base: Uri = text.parse().map_err(unreadable)?;
        let Some(host) = base.host() else {
            return Err(RunError::ApiUrl("it has to begin with https:// and a host"));
        };
        let is_here = is_this_machine(host);
        match base.scheme_str() {
            Some("https") => {}
            Some("http") if is_here => {}
            Some("http") => {
                return Err(RunError::ApiUrl(
                    "http:// would show the token to everybody on the way; without TLS only this machine is spoken to \
                     (localhost, 127.0.0.1, [::1])",
                ));
            }
            _ => return Err(RunError::ApiUrl("it has to begin with https://")),
        }
        let certificates = format!("{}{CERTIFICATES}", text.trim_end_matches('/'));
        Ok(Self {
            certificates: certificates.parse().map_err(unreadable)?,
            is_here,
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: Result<IpAddr, _> = bare.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_asked_for_below_the_apis_address() {
        for (text, whole) in [
            (
                "https://api.example.com/v1",
                "https://api.example.com/v1/certificates",
            ),
            (
                "https://api.example.com:8443/v1/",
                "https://api.example.com:8443/v1/certificates",
            ),
            (
                "https://api.example.com",
                "https://api.example.com/certificates",
            ),
        ] {
            let address = Address::new(text).unwrap();
            assert_eq!(address.certificates.to_string(), whole);
            assert!(!address.is_here);
        }
    }

    #[test]
    fn only_this_machine_is_asked_without_tls() {
        for host in ["localhost:4566", "127.0.0.1", "127.9.9.9:1", "[::1]:4566"] {
            let address = Address::new(&format!("http://{host}/restapis/a1/v1/_user_request_"));
            assert!(address.unwrap().is_here, "{host}");
        }
        for host in [
            "api.example.com",
            "10.0.0.1",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "0.0.0.0",
        ] {
            let refused = Address::new(&format!("http://{host}/v1")).unwrap_err();
            assert!(
                refused.to_string().contains("would show the token"),
                "{host}: {refused}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for text in [
            "",
            "api.example.com/v1",
            "/v1",
            "ftp://api.example.com",
            "https://",
            "https://a b/v1",
            "https://api.example.com/v1?deviceToken=SECRET",
            "https://SECRET@api.example.com/v1",
            "https://api.example.com/v1#SECRET",
            "http://127.0.0.1@api.example.com/",
        ] {
            let refused = Address::new(text).unwrap_err();
            assert_eq!(refused.exit_code(), 1);
            assert!(!refused.to_string().contains("SECRET"), "{refused}");
        }
    }
}
