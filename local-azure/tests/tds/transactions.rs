//! The transaction manager's requests.

use tiberius::IsolationLevel;

use crate::harness::{Fixture, options};

#[tokio::test]
async fn transactions_begin_with_their_isolation_and_end() {
    let fixture = Fixture::start(options()).await;
    let mut client = fixture.connect().await;
    client.begin_transaction_with_isolation(IsolationLevel::Serializable).await.unwrap();
    client.save_transaction("half").await.unwrap();
    client.commit_transaction().await.unwrap();
    client.begin_transaction().await.unwrap();
    client.rollback_transaction().await.unwrap();
    assert_eq!(
        fixture.journal(),
        ["begin Serializable", "save half", "commit", "begin Unchanged", "rollback None"]
    );
}
