//! The tables, in Markdown, so that a run can be put into `docs/measurements.md` as it is.

use crate::measurement::{Measurement, percentile};
use std::time::Duration;

/// What a function may cost against the minimal one.
const LIMIT: f64 = 1.5;

/// The functions, each against the first, which is the minimal one.
pub fn print(measurements: &[Measurement]) {
    let Some(minimal) = measurements.first() else {
        return;
    };
    println!(
        "| function | init ms | × | init processor ms | first ms | warm p50 ms | warm p95 ms | warm p99 ms | processor ms | \
         AWS calls | processor ms/call | × | memory MB | × | binary MB | connections at init | later |"
    );
    println!("|---|{}", "--:|".repeat(16));
    let mut over = Vec::new();
    for one in measurements {
        let init = median(&one.init) / median(&minimal.init);
        let processor = each_call(one) / each_call(minimal);
        let memory = megabytes(one.memory) / megabytes(minimal.memory);
        println!(
            "| {} | {:.1} | {} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.3} | {} | {:.3} | {} | {:.1} | {} | {:.1} | {} | {} |",
            one.name,
            median(&one.init),
            mark(init),
            median(&one.init_processor),
            median(&one.first),
            median(&one.warm),
            milliseconds(percentile(&one.warm, 95)),
            milliseconds(percentile(&one.warm, 99)),
            median(&one.processor),
            one.calls,
            each_call(one),
            mark(processor),
            megabytes(one.memory),
            mark(memory),
            megabytes(one.binary),
            one.warmed,
            one.opened_later,
        );
        if [init, processor, memory]
            .into_iter()
            .any(|ratio| ratio > LIMIT)
        {
            over.push(one.name);
        }
    }
    println!();
    if over.is_empty() {
        println!("All within {LIMIT} × of the minimal function.");
    } else {
        println!(
            "Over {LIMIT} × of the minimal function (!): {}.",
            over.join("; ")
        );
    }
}

fn mark(ratio: f64) -> String {
    let over = if ratio > LIMIT { "!" } else { "" };
    format!("{ratio:.2}{over}")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(sorted: &[Duration]) -> f64 {
    milliseconds(percentile(sorted, 50))
}

fn each_call(one: &Measurement) -> f64 {
    median(&one.processor) / f64::from(one.calls.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "a size is far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}
