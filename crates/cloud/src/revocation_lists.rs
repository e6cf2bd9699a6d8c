//! S3: the revocation lists that operators put into the vault.

use crate::remembered::Remembered;
use crate::{Cloud, VaultBucket};
use muster_documents::VaultFile;
use muster_onboarding::own_list;
use muster_onboarding::ports::{RevocationListFailure, RevocationLists, VaultReader};
use muster_pki::{MAX_REVOCATION_LIST_BYTES, RevocationList};
use std::sync::Arc;
use std::time::Instant;

/// The adapter to the lists in the vault's bucket.
#[derive(Debug, Clone)]
pub struct VaultRevocationLists {
    vault: VaultBucket,
    lists: Remembered<Option<Arc<RevocationList>>>,
}

impl VaultRevocationLists {
    /// Lists are `<prefix>/<caCertificateId>/ca.crl.pem` in the bucket. Remembers nothing yet.
    pub fn new(cloud: &Cloud, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            vault: VaultBucket::new(cloud, bucket, prefix),
            lists: Remembered::default(),
        }
    }
}

impl RevocationLists for VaultRevocationLists {
    async fn revocation_list(
        &self,
        ca_id: &str,
        ca_pem: &str,
    ) -> Result<Option<Arc<RevocationList>>, RevocationListFailure> {
        if let Some(list) = self.lists.of(ca_id, Instant::now()) {
            return Ok(list);
        }
        // A byte more tells that it is too large.
        let most = MAX_REVOCATION_LIST_BYTES + 1;
        let file = self.vault.read_file(ca_id, VaultFile::RevocationList, most);
        let list = match file.await? {
            Some(contents) => Some(Arc::new(own_list(&contents, ca_pem)?)),
            None => None,
        };
        self.lists.keep(ca_id, list.clone(), Instant::now());
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallCounter;
    use crate::connect::connect_to;
    use muster_onboarding::UnusableList;
    use muster_onboarding::ports::CallLog;
    use muster_pki::RevocationListError;
    use std::sync::Mutex;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    const CA: &str = include_str!("../../pki/tests/data/ca.crt.pem");
    const LIST: &str = include_str!("../../pki/tests/data/ca.crl.pem");

    /// What stands in the file; an endless one says that it has a terabyte.
    #[derive(Clone)]
    enum File {
        None,
        Some(&'static str),
        Endless,
        BrokenOff,
    }

    /// A bucket with one file, which a test may exchange.
    struct Bucket {
        file: Arc<Mutex<File>>,
        lists: VaultRevocationLists,
        calls: CallCounter,
    }

    impl Bucket {
        async fn with(file: File) -> Self {
            let file = Arc::new(Mutex::new(file));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            let served = file.clone();
            tokio::spawn(async move {
                loop {
                    let stream = listener.accept().await.unwrap().0;
                    let file = served.lock().unwrap().clone();
                    tokio::spawn(answer(stream, file));
                }
            });
            let cloud = connect_to(&address);
            Self {
                file,
                lists: VaultRevocationLists::new(&cloud, "vault", "my/ca"),
                calls: cloud.calls,
            }
        }

        /// What is said of the CA, and how many calls that took.
        async fn read(
            &self,
        ) -> (
            Result<Option<Arc<RevocationList>>, RevocationListFailure>,
            u32,
        ) {
            let found = self.lists.revocation_list("1234", CA).await;
            (found, self.calls.drain().made.values().sum())
        }

        fn put(&self, file: File) {
            *self.file.lock().unwrap() = file;
        }
    }

    /// Answers one request: the listing, which has the file's neighbour behind it, or the file.
    async fn answer(stream: TcpStream, file: File) {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).await.unwrap();
        }
        let (length, body) = if head.starts_with("GET /vault/my/ca/1234/ca.crl.pem?") {
            match file {
                File::None => panic!("read without being there"),
                File::Some(text) => (text.len(), text.to_owned()),
                File::Endless => (1 << 40, "x".repeat(2 * MAX_REVOCATION_LIST_BYTES)),
                File::BrokenOff => (LIST.len(), LIST[..100].to_owned()),
            }
        } else {
            let key = match file {
                File::None => "my/ca/1234/ca.crl.pem.old",
                _ => "my/ca/1234/ca.crl.pem",
            };
            assert!(
                head.contains("prefix=my%2Fca%2F1234%2Fca.crl.pem"),
                "{head}"
            );
            let listing = format!(
                "<ListBucketResult><Contents><Key>{key}</Key></Contents></ListBucketResult>"
            );
            (listing.len(), listing)
        };
        let head =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // Whoever has enough hangs up.
        let _ = stream.write_all(body.as_bytes()).await;
        if matches!(file, File::Endless) {
            std::future::pending::<()>().await;
        }
    }

    #[tokio::test]
    async fn a_cas_own_list_or_that_there_is_none_is_asked_once() {
        let bucket = Bucket::with(File::Some(LIST)).await;
        let (list, calls) = bucket.read().await;
        assert!(list.unwrap().is_some());
        assert_eq!(calls, 2);
        bucket.put(File::None);
        let (list, calls) = bucket.read().await;
        assert!(list.unwrap().is_some(), "what was read holds for a minute");
        assert_eq!(calls, 0);

        let bucket = Bucket::with(File::None).await;
        let (list, calls) = bucket.read().await;
        assert_eq!((list.unwrap(), calls), (None, 1));
        let (list, calls) = bucket.read().await;
        assert_eq!((list.unwrap(), calls), (None, 0));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_used_is_read_anew_each_time() {
        let bucket = Bucket::with(File::Some("no list")).await;
        for _ in 0..2 {
            let (list, calls) = bucket.read().await;
            assert!(matches!(list, Err(RevocationListFailure::Unusable(_))));
            assert_eq!(calls, 2);
        }
        bucket.put(File::Some(LIST));
        assert!(bucket.read().await.0.unwrap().is_some());
    }

    #[tokio::test]
    async fn of_a_file_without_end_only_so_much_is_read_as_tells_that_it_is_too_large() {
        let bucket = Bucket::with(File::Endless).await;
        let (list, _) = bucket.read().await;
        let too_large = UnusableList::List(RevocationListError::TooLarge);
        assert!(matches!(list, Err(RevocationListFailure::Unusable(why)) if why == too_large));
    }

    #[tokio::test]
    async fn a_file_that_breaks_off_in_between_is_a_failure_of_the_call() {
        let bucket = Bucket::with(File::BrokenOff).await;
        let Err(RevocationListFailure::Cloud(failure)) = bucket.read().await.0 else {
            panic!("taken for a file")
        };
        assert_eq!(failure.name(), "CloudUnavailable", "{failure}");
    }
}
