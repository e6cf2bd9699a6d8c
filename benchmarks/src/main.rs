//! Measures what each function costs, beside the least that a function on the AWS SDK costs, in the same run.
//! `docs/measurements.md` says how to read it.

mod aws;
mod binaries;
mod cases;
mod cryptography;
mod demo;
mod device;
mod function;
mod http;
mod measurement;
mod process;
mod runtime_api;
mod table;
mod tls;

use clap::Parser;
use measurement::Effort;
use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    about = "Measures the functions' start, time, processor time, memory, size and AWS calls"
)]
struct Arguments {
    /// Processes of each function, one after the other
    #[arg(long, default_value_t = 30)]
    processes: usize,
    /// Invocations of each process
    #[arg(long, default_value_t = 100)]
    invocations: u32,
    /// Devices of the demo that follows; 0 leaves it out
    #[arg(long, default_value_t = 20)]
    devices: usize,
    /// Measures the binaries in this folder instead of building them, to compare one build with another
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Measures only the functions whose names begin so, or so, beside the minimal one
    #[arg(long, value_name = "BEGINNINGS", value_delimiter = ',')]
    only: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut cases = cases::all()?;
    if !arguments.only.is_empty() {
        let wanted = |name: &str| arguments.only.iter().any(|start| name.starts_with(start));
        cases.retain(|case| case.package == cases::MINIMAL || wanted(case.name));
    }
    let packages: BTreeSet<&str> = cases.iter().map(|case| case.package).collect();
    let folder = match &arguments.binaries {
        Some(folder) => folder.clone(),
        None => binaries::build(&packages.into_iter().collect::<Vec<_>>())?,
    };
    let effort = Effort {
        processes: arguments.processes,
        invocations: arguments.invocations,
    };
    let tls = tls::Tls::new()?;
    let binary = |package: &str| folder.join(package);
    let measured = measurement::measure(&cases, binary, &tls, effort).await?;
    table::print(&measured);
    println!();
    cryptography::print()?;
    println!();
    device::print()?;
    if arguments.devices > 0 {
        println!();
        demo::print(arguments.devices)?;
    }
    Ok(())
}
