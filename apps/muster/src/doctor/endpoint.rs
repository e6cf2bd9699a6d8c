//! Whether devices find AWS IoT, and trust it.

use super::{Finding, Patient};
use crate::commands::Failure;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the endpoint may take to take a connection.
const LIMIT: Duration = Duration::from_secs(5);

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let endpoint = patient.target.endpoint().await?;
    let (host, port) = (&*endpoint.host, endpoint.port);
    let connected = timeout(LIMIT, TcpStream::connect((host, port))).await;
    let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let is_aws = host.contains(".amazonaws.");
    Ok(vec![judge(host, port, is_aws, connected.map(drop))])
}

fn judge(host: &str, port: u16, is_aws: bool, connected: io::Result<()>) -> Finding {
    match connected {
        Err(error) => Finding::problem(
            format!("{host}:{port} takes no connection from here: {error}"),
            "see that your network lets MQTT over TLS out; devices need the same",
        ),
        // In cn-north-1 there is a dot before it.
        Ok(()) if is_aws && !host.contains("-ats.iot.") && !host.contains(".ats.iot.") => {
            Finding::problem(
                format!("{host} has no certificate of Amazon's own authorities"),
                "give devices the endpoint of aws iot describe-endpoint --endpoint-type iot:Data-ATS",
            )
        }
        Ok(()) => Finding::ok(format!("{host}:{port} takes connections")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn an_endpoint_that_does_not_answer_or_has_the_old_certificate_is_a_problem() {
        let ats = "abc-ats.iot.eu-central-1.amazonaws.com";
        let old = "abc.iot.eu-central-1.amazonaws.com";
        let refused = || Err(io::ErrorKind::ConnectionRefused.into());
        let beijing = "abc.ats.iot.cn-north-1.amazonaws.com.cn";
        assert_eq!(judge(ats, 8883, true, Ok(())).level, Level::Ok);
        assert_eq!(judge(beijing, 8883, true, Ok(())).level, Level::Ok);
        assert_eq!(judge("localhost", 4711, false, Ok(())).level, Level::Ok);
        assert_eq!(judge(old, 8883, true, Ok(())).level, Level::Problem);
        assert_eq!(judge(ats, 8883, true, refused()).level, Level::Problem);
    }
}
