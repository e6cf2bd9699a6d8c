//! A clock that a test sets: loaded into a process before its C library (LD_PRELOAD), it answers the true time and as many
//! seconds more as stand in the file that CLOCK_SHIFT_FILE names. The test compiles it by itself; it is no package, since
//! taking a C function's place is not safe Rust.

use std::ffi::{c_int, c_long};

#[repr(C)]
pub struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// The call's number (Linux, asm/unistd.h).
#[cfg(target_arch = "x86_64")]
const CLOCK_GETTIME: c_long = 228;
#[cfg(target_arch = "aarch64")]
const CLOCK_GETTIME: c_long = 113;

/// CLOCK_REALTIME; the others measure how long something takes, and go on as they do.
const REALTIME: c_int = 0;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int {
    let answer = unsafe { syscall(CLOCK_GETTIME, c_long::from(clock), time) };
    if answer == 0 && clock == REALTIME {
        unsafe { (*time).seconds += shift() };
    }
    answer as c_int
}

fn shift() -> c_long {
    let file = std::env::var("CLOCK_SHIFT_FILE").unwrap_or_default();
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.trim().parse().unwrap_or_default()
}
