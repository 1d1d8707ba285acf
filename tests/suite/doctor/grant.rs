//! `doctor --grant`: the script, and running it.

use azsql_worker::database::idempotency::SCRIPT;
use local_azure::sql::DirectoryEntry;
use serde_json::Value as Json;

use super::clinic::Clinic;

fn statements(document: &Json) -> Vec<(String, String)> {
    let steps = document["steps"].as_array().unwrap().iter().filter(|step| step["step"] == "grant");
    let text = |step: &Json, key: &str| step[key].as_str().unwrap().to_owned();
    steps.map(|step| (text(step, "status"), text(&step["details"], "statement"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_is_printed_and_nothing_is_connected_to() {
    let clinic = Clinic::open().await;

    let run = clinic.run(&["--grant", "--identity", "func-shop"]).await;

    assert_eq!(run.code, Some(0), "{}", run.errors);
    assert!(run.text.contains("CREATE USER [func-shop] FROM EXTERNAL PROVIDER;"), "{}", run.text);
    assert!(run.text.contains("ON OBJECT::[dbo].[Persons] TO [func-shop];"), "{}", run.text);
    // PlaceOrder has an idempotency key: its table, and the rights on it.
    assert!(run.text.contains(SCRIPT), "{}", run.text);
    let rights = "GRANT SELECT, INSERT, UPDATE, DELETE ON OBJECT::[dbo].[AzsqlIdempotency] TO [func-shop];";
    assert!(run.text.contains(rights), "{}", run.text);
    assert!(clinic.sql.logins().is_empty());
    assert_eq!(clinic.identity.faults().requests(), 0);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_runs_each_statement_and_twice_changes_nothing() {
    let clinic = Clinic::open().await;
    let arguments = [
        "--grant",
        "--apply",
        "--identity",
        "func-shop",
        "--client-id",
        "11111111-2222-4333-8444-555555555555",
    ];

    for _ in 0..2 {
        let report = clinic.examine_with(&arguments).await;

        assert_eq!(report.code, Some(0), "{:#}", report.json);
        let statements = statements(&report.json);
        assert!(
            statements.len() > 2 && statements.iter().all(|(status, _)| status == "ok"),
            "{statements:#?}"
        );
        assert!(statements[0].1.contains("CREATE USER [func-shop] WITH SID"), "{statements:#?}");
        assert_eq!(statements[1].1, SCRIPT, "the table is made before rights on it are given");
    }
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_the_server_may_not_read_is_told_with_client_id_as_the_cure() {
    let clinic = Clinic::builder().sql(|options| options.directory = None).open().await;

    let report = clinic.examine_with(&["--grant", "--apply", "--identity", "func-shop"]).await;

    let first = report.all("grant")[0];
    assert_eq!((&first["status"], &first["sqlError"]), (&"fail".into(), &33134.into()), "{first:#}");
    assert!(first["cure"].as_str().unwrap().contains("--client-id"), "{first:#}");
    let rest = &statements(&report.json)[1..];
    assert!(!rest.is_empty() && rest.iter().all(|(status, _)| status == "skip"), "{rest:#?}");
    assert_eq!(report.code, Some(69));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_give_rights_is_told_who_may() {
    // The identity's client id as a SID.
    let sid = "0x7E5A0C3FA4589E4B8A0A6F2F3D1E9B01";
    let clinic = Clinic::builder()
        .sql(|options| {
            options.admins = Some(Vec::new());
            options.directory = Some(Vec::<DirectoryEntry>::new());
        })
        .seed(&format!("CREATE USER [someone] WITH SID = {sid}, TYPE = E;"))
        .open()
        .await;
    let arguments = [
        "--grant",
        "--apply",
        "--identity",
        "func-shop",
        "--client-id",
        "11111111-2222-4333-8444-555555555555",
    ];

    let report = clinic.examine_with(&arguments).await;

    let first = report.all("grant")[0];
    assert_eq!((&first["status"], &first["sqlError"]), (&"fail".into(), &15247.into()), "{first:#}");
    assert!(first["cure"].as_str().unwrap().contains("administrator"), "{first:#}");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_user_can_have_is_refused() {
    let clinic = Clinic::open().await;
    let run = clinic.run(&["--grant", "--identity", "two\nlines"]).await;
    assert_eq!(run.code, Some(64));
    assert!(run.errors.contains("control character"), "{}", run.errors);
    clinic.close().await;
}
