//! Many schedules, each from its seed.

use super::air::Weather;
use super::chance::Chance;

impl Weather {
    /// Loss to 50 %, duplication to 30 %, delays beyond the device's own timers, connections that end, reboots.
    pub fn any(chance: &mut Chance) -> Self {
        Self {
            loss: chance.below(501),
            duplication: chance.below(301),
            delay: chance.below(4_000),
            disconnection: chance.below(60),
            death: chance.below(30),
            disk_death: chance.below(400),
            abandonment: if chance.happens(200) {
                chance.below(10)
            } else {
                0
            },
        }
    }
}

/// Plays the schedules on all processors; a failure names its seed.
pub fn play(
    seeds: std::ops::Range<u64>,
    schedule: impl Fn(u64) + Sync + std::panic::RefUnwindSafe,
) {
    let workers = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let schedule = &schedule;
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let seeds = seeds.clone();
            scope.spawn(move || {
                for seed in seeds.filter(|seed| seed % workers == worker) {
                    let result = std::panic::catch_unwind(|| schedule(seed));
                    if let Err(panic) = result {
                        eprintln!("the schedule with seed {seed} failed");
                        std::panic::resume_unwind(panic);
                    }
                }
            });
        }
    });
}
