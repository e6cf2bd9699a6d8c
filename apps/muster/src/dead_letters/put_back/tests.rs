//! Against a queue that is played.

use super::super::played::Played;
use super::*;
use serde_json::json;

fn asked(chosen: Chosen) -> Putting {
    Putting {
        queue: DeadLetterQueue::Connection,
        chosen,
        before: 1000,
        per_second: u32::MAX,
        dry_run: false,
    }
}

fn ids(ids: &[&str]) -> Chosen {
    Chosen::Messages(ids.iter().map(|id| (*id).to_owned()).collect())
}

async fn run(letters: &Played, asked: &Putting) -> PutBack {
    put_back(letters, asked, &Interrupt::default(), |_| {}).await
}

#[tokio::test]
async fn each_of_thousands_is_put_back_once_and_a_second_run_finds_none() {
    let letters = Played::new((0..2500).map(Played::connection));
    let done = run(&letters, &asked(Chosen::All)).await;
    assert!(done.is_whole(), "{done:?}");
    let mut sent = letters.put_back_ids();
    assert_eq!((done.put_back.len(), sent.len()), (2500, 2500));
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 2500);
    assert!(letters.ids().is_empty());
    let again = run(&letters, &asked(Chosen::All)).await;
    assert!(again.is_whole() && again.put_back.is_empty());
}

#[tokio::test]
async fn a_devices_messages_are_put_back_and_the_others_stay_and_are_not_hidden() {
    let letters = Played::new((0..30).map(Played::connection));
    let done = run(&letters, &asked(Chosen::Device("sensor-17".to_owned()))).await;
    assert!(done.is_whole());
    assert_eq!(letters.put_back_ids(), ["m-17"]);
    assert_eq!((letters.ids().len(), letters.hidden()), (29, 0));
}

#[tokio::test]
async fn what_would_end_here_again_stays_unless_it_was_chosen_by_its_id() {
    let report = json!({ "ruleName": "r", "base64OriginalPayload": "e30=" });
    let messages = || {
        [
            Played::message("bad", "{"),
            Played::message("report", &report.to_string()),
            Played::connection(1),
        ]
    };
    let letters = Played::new(messages());
    let done = run(&letters, &asked(Chosen::All)).await;
    assert!(!done.is_whole());
    assert_eq!(letters.put_back_ids(), ["m-1"]);
    let stayed: Vec<_> = done
        .stayed
        .iter()
        .map(|one| one.message.id.as_str())
        .collect();
    assert_eq!(stayed, ["bad", "report"]);
    assert!(done.stayed[1].why.contains("topic rule"));

    let letters = Played::new(messages());
    let done = run(&letters, &asked(ids(&["bad", "gone"]))).await;
    assert_eq!(letters.put_back_ids(), ["bad"]);
    assert_eq!(done.missing, ["gone"]);
    assert!(!done.is_whole());
}

#[tokio::test]
async fn a_request_that_would_make_a_key_stays() {
    let request =
        json!({ "payload": "e30=", "topic": "provision/a/json", "clientId": "a", "timestamp": 1 });
    let letters = Played::new([Played::message("m", &request.to_string())]);
    let asked = Putting {
        queue: DeadLetterQueue::ClaimRequest,
        ..asked(Chosen::All)
    };
    let done = run(&letters, &asked).await;
    assert!(done.stayed[0].why.contains("no CSR"), "{done:?}");
    assert!(letters.put_back_ids().is_empty());
}

#[tokio::test]
async fn what_comes_meanwhile_is_left_alone_and_counted() {
    let mut late = Played::connection(2);
    late.sent_at = 1001;
    let letters = Played::new([Played::connection(1), late]);
    let done = run(&letters, &asked(Chosen::All)).await;
    assert_eq!(letters.put_back_ids(), ["m-1"]);
    assert_eq!((done.came_meanwhile, done.is_whole()), (1, false));
    assert_eq!(letters.ids(), ["m-2"]);
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_does_nothing() {
    let letters = Played::new((0..12).map(Played::connection));
    let asked = Putting {
        dry_run: true,
        ..asked(Chosen::All)
    };
    let done = run(&letters, &asked).await;
    assert_eq!(done.put_back.len(), 12);
    assert!(letters.put_back_ids().is_empty());
    assert_eq!((letters.ids().len(), letters.hidden()), (12, 0));
}

#[tokio::test]
async fn what_cannot_be_sent_stays_and_nothing_after_it_is_begun() {
    let letters = Played::new((0..40).map(Played::connection)).failing_after(13, usize::MAX);
    let done = run(&letters, &asked(Chosen::All)).await;
    assert_eq!((done.put_back.len(), done.stayed.len()), (13, 7));
    assert!(done.stopped.is_some() && !done.is_whole());
    assert_eq!(
        (letters.ids().len(), letters.hidden()),
        (27, 0),
        "none is lost"
    );
}

#[tokio::test]
async fn what_was_sent_and_cannot_be_taken_away_is_said_to_be_in_both_queues() {
    let letters = Played::new([Played::connection(1)]).failing_after(usize::MAX, 0);
    let done = run(&letters, &asked(Chosen::All)).await;
    assert!(done.stayed[0].why.contains("in both queues"), "{done:?}");
    assert_eq!(
        (letters.put_back_ids(), letters.ids()),
        (vec!["m-1".to_owned()], vec!["m-1".to_owned()])
    );
}

#[tokio::test]
async fn no_more_than_so_many_are_sent_in_a_second() {
    let letters = Played::new((0..30).map(Played::connection));
    let asked = Putting {
        per_second: 100,
        ..asked(Chosen::All)
    };
    let started = Instant::now();
    run(&letters, &asked).await;
    assert!(started.elapsed() >= Duration::from_millis(300));
}
