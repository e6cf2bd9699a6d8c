//! How the system tells the program to end.

use tokio::signal;

/// Ends when SIGTERM or SIGINT comes (Ctrl-C where there are none). They are listened for from the call on; one that
/// can't be listened for does what it does to any program.
#[cfg(unix)]
pub(crate) fn told_to_end() -> impl Future<Output = ()> + Send {
    use signal::unix::{Signal, SignalKind};
    async fn comes(signal: Option<Signal>) {
        match signal {
            Some(mut signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
    let terminate = signal::unix::signal(SignalKind::terminate()).ok();
    let interrupt = signal::unix::signal(SignalKind::interrupt()).ok();
    async {
        tokio::select! {
            () = comes(terminate) => {}
            () = comes(interrupt) => {}
        }
    }
}

/// Ends when Ctrl-C is pressed.
#[cfg(not(unix))]
pub(crate) async fn told_to_end() {
    if signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
