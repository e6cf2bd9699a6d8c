//! What Linux says about a process (proc(5)).

use std::fs;
use std::io;
use std::time::Duration;

/// The processor time of all threads so far, user and system, in the scheduler's own resolution of nanoseconds.
pub fn processor_time(pid: u32) -> io::Result<Duration> {
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
        total += Duration::from_nanos(nanoseconds.ok_or_else(|| malformed("schedstat"))?);
    }
    Ok(total)
}

/// The most memory that was resident at once, in bytes.
pub fn peak_memory(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let kibibytes: u64 = peak
        .and_then(|peak| peak.parse().ok())
        .ok_or_else(|| malformed("status"))?;
    Ok(kibibytes * 1024)
}

fn malformed(file: &str) -> io::Error {
    io::Error::other(format!(
        "/proc/<pid>/{file} is not as proc(5) describes it: the benchmark needs Linux"
    ))
}
