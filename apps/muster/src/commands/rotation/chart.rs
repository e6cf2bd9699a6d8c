//! A chart in the terminal.

use crate::rotation::Stretch;
use muster_onboarding::rotation::Day;
use std::fmt::{self, Display, Formatter};
use std::io;

/// How wide it is where there is no terminal, in columns.
const WIDTH: usize = 60;
/// How wide it is at least: labels and counts alone take some 30 columns.
const NARROWEST: usize = 40;

/// The terminal's width in columns, or what stands for it.
pub fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    // A terminal that does not know its size says 0.
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 {
        WIDTH
    } else {
        columns.max(NARROWEST)
    }
}

/// Bars, one a line, scaled to `width` columns.
pub struct Chart<'a> {
    pub stretches: &'a [Stretch],
    pub width: usize,
}

impl Display for Chart<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let most = self.stretches.iter().map(|stretch| stretch.devices).max();
        let most = most.unwrap_or_default().max(1);
        let lines = lines(self.stretches);
        let labels = lines.iter().map(|line| line.label.len()).max();
        let labels = labels.unwrap_or_default();
        // Two spaces before the label, two after it, one before the count.
        let room = self.width - labels - most.to_string().len() - 5;
        for (number, line) in lines.iter().enumerate() {
            let bar = "█".repeat((line.devices * room).div_ceil(most));
            let space = if bar.is_empty() { "" } else { " " };
            let end = if number == 0 { "" } else { "\n" };
            write!(
                f,
                "{end}  {:labels$}  {bar}{space}{}",
                line.label, line.devices
            )?;
        }
        Ok(())
    }
}

struct Line {
    label: String,
    devices: usize,
}

/// Stretches with nothing in them, one after the other, are one line.
fn lines(stretches: &[Stretch]) -> Vec<Line> {
    let empty = |stretch: &Stretch| stretch.devices == 0 && stretch.from.is_some();
    let together = stretches.chunk_by(|a, b| empty(a) && empty(b));
    let line = |some: &[Stretch]| {
        let (first, last) = (some.first()?, some.last()?);
        Some(Line {
            label: label(first.from, last.to),
            devices: first.devices,
        })
    };
    together.filter_map(line).collect()
}

fn label(from: Option<Day>, to: Day) -> String {
    match from {
        None => "now".to_owned(),
        Some(from) if from == to => from.to_string(),
        Some(from) => format!("{from}-{to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::outlook;

    fn chart(due: &[(i64, usize)], days: i64, width: usize) -> String {
        let today: Day = "20260101".parse().unwrap();
        let due = due
            .iter()
            .flat_map(|(day, count)| std::iter::repeat_n(today.plus(*day), *count));
        let stretches = outlook(due, today, days);
        Chart {
            stretches: &stretches,
            width,
        }
        .to_string()
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_what_is_empty_is_one_line() {
        let shown = chart(&[(0, 2), (1, 12), (5, 1)], 6, 33);
        let expected = [
            "  now                ██ 2",
            "  20260102           █████████ 12",
            "  20260103-20260105  0",
            "  20260106           █ 1",
            "  20260107           0",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected, "{shown}");
    }

    #[test]
    fn the_longest_bar_fills_the_line_and_none_is_longer() {
        for width in [40, 60, 200] {
            let shown = chart(&[(-3, 100_000), (1, 1), (40, 99_999)], 60, width);
            let widths: Vec<_> = shown.lines().map(|line| line.chars().count()).collect();
            assert_eq!(widths.iter().max(), Some(&width), "{shown}");
            assert!(shown.contains("█ 1\n"), "{shown}");
        }
    }

    #[test]
    fn where_nothing_is_due_there_are_no_bars() {
        assert_eq!(
            chart(&[], 2, 60),
            "  now                0\n  20260102-20260103  0"
        );
    }
}
