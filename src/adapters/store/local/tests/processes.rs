//! Several processes at one folder, some of which are killed in the middle of a write or have no room for it.
//!
//! A process of a test is this test program again, told by a variable which part it plays.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::super::*;
use crate::ops::ports::Version;

const STORE: &str = "SCALER_TEST_STORE";
const PART: &str = "SCALER_TEST_PART";

/// How often each of several writers counts up.
const TURNS: u32 = 25;
const KEY: &str = "count";
/// Big enough that a write has a middle.
const PADDING: usize = 300_000;

/// Ends with the test, however that ends.
struct Writer(Child);

impl Drop for Writer {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Writer {
    #[track_caller]
    fn succeeds(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

#[expect(clippy::disallowed_methods, reason = "the test program itself, as another process")]
fn start(store: &Path, part: &str) -> Writer {
    let writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "adapters::store::local::tests::processes::plays_its_part", "--nocapture"])
        .env(STORE, store)
        .env(PART, part)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Writer(writer.unwrap())
}

/// Does nothing in an ordinary run of the tests.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "what the test that started this process says")]
async fn plays_its_part() {
    let (Some(path), Ok(part)) = (std::env::var_os(STORE), std::env::var(PART)) else { return };
    let store = LocalStore::new(path);
    match part.as_str() {
        "counts" => {
            for _ in 0..TURNS {
                count_up(&store).await;
            }
        }
        "counts for ever" => loop {
            count_up(&store).await;
        },
        "has no room" => has_no_room(&store).await,
        other => panic!("there is no part `{other}`"),
    }
}

fn text(count: u64) -> Bytes {
    Bytes::from(format!("{count}\n{}\n{count}", "x".repeat(PADDING)))
}

/// The count, of an object that is whole.
fn count(bytes: &[u8]) -> u64 {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut lines = text.lines();
    let [first, middle, last]: [&str; 3] = std::array::from_fn(|_| lines.next().expect("a whole object"));
    assert_eq!((first, middle.len()), (last, PADDING), "torn");
    first.parse().unwrap()
}

async fn read(store: &LocalStore) -> (u64, Option<Version>) {
    match store.get(KEY).await.unwrap() {
        Some(object) => (count(&object.bytes), Some(object.version)),
        None => (0, None),
    }
}

async fn count_up(store: &LocalStore) {
    loop {
        let (count, version) = read(store).await;
        let condition = version.map_or(Condition::Absent, Condition::Is);
        if let Put::Written(_) = store.put(KEY, text(count + 1), condition).await.unwrap() {
            return;
        }
    }
}

/// A file may grow to 100 kB and no further: the write breaks off in the middle, as on a full disk.
async fn has_no_room(store: &LocalStore) {
    // A signal would end the process before the write fails.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default()).unwrap();
    setrlimit(Resource::Fsize, Rlimit { current: Some(100_000), maximum: Some(100_000) }).unwrap();
    let (count, version) = read(store).await;
    let condition = Condition::Is(version.expect("an object"));
    let failure = store.put(KEY, text(count + 1), condition).await.unwrap_err();
    assert!(failure.what.contains("cannot write an object of the store"), "{failure:?}");
    assert!(!store.path().join(".scaler/draft").exists(), "what was begun is removed");
    store.put("small", Bytes::from("fits"), Condition::Absent).await.unwrap();
}

#[tokio::test]
async fn several_processes_lose_no_update() {
    let folder = tempfile::tempdir().unwrap();
    let writers: Vec<Writer> = (0..4).map(|_| start(folder.path(), "counts")).collect();
    writers.into_iter().for_each(Writer::succeeds);
    assert_eq!(read(&LocalStore::new(folder.path())).await.0, u64::from(4 * TURNS));
}

#[tokio::test]
async fn a_writer_that_is_killed_leaves_a_whole_object_and_no_guard() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::new(folder.path());
    let mut seen = 0;
    for _ in 0..20 {
        let writer = start(folder.path(), "counts for ever");
        while read(&store).await.0 == seen {
            tokio::task::yield_now().await;
        }
        drop(writer);
        seen = read(&store).await.0;
        count_up(&store).await;
        seen += 1;
        assert_eq!(read(&store).await.0, seen);
    }
}

#[tokio::test]
async fn a_write_without_room_leaves_the_object_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::new(folder.path());
    count_up(&store).await;
    start(folder.path(), "has no room").succeeds();
    assert_eq!(read(&store).await.0, 1);
    assert_eq!(store.get("small").await.unwrap().unwrap().bytes, "fits");
    count_up(&store).await;
}
