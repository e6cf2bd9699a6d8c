//! What the functions cannot do without, whatever surrounds it: so much of their processor time is cryptography.

use crate::cases::CLIENT_ID;
use muster_pki::{CertificateRequest, DeviceKey, SubmittedRequest};
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Runs of each; the quickest counts, since nothing but the machine's other work makes one slower.
const RUNS: usize = 500;

/// Prints the times.
pub fn print() -> Result<(), Box<dyn Error>> {
    let csr = DeviceKey::generate()?.csr(CLIENT_ID)?;
    let read = quickest(|| SubmittedRequest::parse_der(csr.der()).is_ok());
    let check = quickest(|| CertificateRequest::parse_der(csr.der()).is_ok());
    let make = quickest(|| {
        DeviceKey::generate()
            .and_then(|key| key.csr(CLIENT_ID))
            .is_ok()
    });
    println!("| cryptography, processor ms | |");
    println!("|---|--:|");
    println!(
        "| reading a P-256 CSR, its form and key (claim-intake) | {:.3} |",
        milliseconds(read)
    );
    println!(
        "| the same and its signature (certificate-issuer) | {:.3} |",
        milliseconds(check)
    );
    println!(
        "| making a P-256 key and its CSR (certificate-issuer, legacy) | {:.3} |",
        milliseconds(make)
    );
    Ok(())
}

fn quickest(mut run: impl FnMut() -> bool) -> Duration {
    let times = (0..RUNS).map(|_| {
        let began = Instant::now();
        black_box(run());
        began.elapsed()
    });
    times.min().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
