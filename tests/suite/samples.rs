//! Every sample function gives its documented answer.

use serde_json::{Value as Json, json};

use crate::support::{Desk, eventually};

/// The columns of a person, in the order of the answer.
const COLUMNS: [&str; 5] = ["Id", "Name", "City", "Balance", "Created"];

fn columns(row: &Json) -> Vec<&str> {
    row.as_object().unwrap().keys().map(String::as_str).collect()
}

/// `2026-01-31T07:08:09.123`: three digits, as the column declares, and no false Z.
fn is_datetime2_3(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    shape == "9999-99-99T99:99:99.999"
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_names_a_table_of_the_database() {
    let desk = Desk::start().await;

    let answer = desk.get("/api/sql/ping").await;

    assert_eq!(answer.json(200), json!({ "status": "ok", "sample_table": "Persons" }));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_comes_with_all_columns_and_types() {
    let desk = Desk::start().await;

    let answer = desk.get("/api/persons/1").await;

    let person = answer.json(200);
    assert_eq!(columns(&person), COLUMNS);
    assert_eq!(
        answer.text,
        r#"{"Id":1,"Name":"Zoë Müller","City":"Tromsø","Balance":45179.8305,"Created":"2024-01-02T12:16:13.512"}"#
    );
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decimal_comes_with_all_its_digits_and_null_as_null() {
    let desk = Desk::start().await;

    // A reader that goes through a double would round the last digits away, so the text is compared.
    let rich = desk.get("/api/persons/41").await;
    let poor = desk.get("/api/persons/4").await.json(200);

    assert!(rich.text.contains(r#""Balance":12345678901234.5678"#), "{}", rich.text);
    assert_eq!(poor["Balance"], Json::Null);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_person_is_a_404_problem() {
    let desk = Desk::start().await;

    desk.get("/api/persons/999999").await.problem_for_caller(404, "not-found");

    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn persons_come_in_pages_ordered_by_id() {
    let desk = Desk::start().await;

    let first = desk.get("/api/persons").await.json(200);
    let third = desk.get("/api/persons?offset=4&limit=2").await.json(200);
    let beyond = desk.get("/api/persons?offset=100000").await;

    let ids = |page: &Json| -> Vec<i64> {
        page.as_array().unwrap().iter().map(|row| row["Id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&first), (1..=20).collect::<Vec<_>>());
    assert_eq!(ids(&third), [5, 6]);
    assert_eq!((beyond.status, beyond.text.as_str()), (200, "[]"));
    for row in first.as_array().unwrap() {
        assert_eq!(columns(row), COLUMNS);
        assert!(is_datetime2_3(row["Created"].as_str().unwrap()), "{row}");
    }
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn persons_can_be_asked_for_by_city() {
    let desk = Desk::start().await;

    let tromso = desk.get("/api/persons?city=Troms%C3%B8&limit=100").await.json(200);
    let nowhere = desk.get("/api/persons?city=CANARY-nowhere").await;

    let cities: Vec<_> = tromso.as_array().unwrap().iter().map(|row| row["City"].as_str().unwrap()).collect();
    assert!(cities.len() > 3 && cities.iter().all(|city| *city == "Tromsø"), "{cities:?}");
    assert_eq!((nowhere.status, nowhere.text.as_str()), (200, "[]"));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_a_city_is_what_its_procedure_gives() {
    let desk = Desk::start().await;

    let lyon = desk.get("/api/cities/Lyon/report").await.json(200);
    let nowhere = desk.get("/api/cities/CANARY-nowhere/report").await;

    let number = async |query: &str| {
        desk.number(&format!("SELECT {query} FROM dbo.Persons WHERE City = N'Lyon'")).await
    };
    assert_eq!(lyon["resultSets"][0].as_array().map(Vec::len), Some(3));
    let years = lyon["resultSets"][1].as_array().unwrap();
    let persons: i64 = years.iter().map(|year| year["Persons"].as_i64().unwrap()).sum();
    assert_eq!(lyon["outputs"]["persons"], persons);
    assert_eq!(persons, i64::from(number("COUNT(*)").await));
    assert_eq!(lyon["returnStatus"], 0);
    nowhere.problem_for_caller(404, "not-found");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_person_is_a_201_with_the_row_and_can_be_read_again() {
    let desk = Desk::start().await;
    let before = desk.number("SELECT COUNT(*) FROM dbo.Persons").await;

    let body = json!({ "name": "CANARY Åse", "city": "CANARY Ørsta", "balance": 12.5 });
    let answer = desk.post("/api/persons", &body).await;

    let created = answer.json(201);
    assert_eq!(columns(&created), COLUMNS);
    assert_eq!(created["Name"], "CANARY Åse");
    assert_eq!(created["City"], "CANARY Ørsta");
    assert!(answer.text.contains(r#""Balance":12.5000,"#), "{}", answer.text);
    assert!(is_datetime2_3(created["Created"].as_str().unwrap()), "{created}");
    let again = desk.get(&format!("/api/persons/{}", created["Id"])).await;
    assert_eq!(again.json(200), created);
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.Persons").await, before + 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_person_needs_no_city_and_no_balance() {
    let desk = Desk::start().await;

    let created = desk.post("/api/persons", &json!({ "name": "CANARY" })).await.json(201);

    assert_eq!((&created["City"], &created["Balance"]), (&Json::Null, &Json::Null));
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_looks_like_sql_is_only_text() {
    let desk = Desk::start().await;
    let name = "CANARY'); DROP TABLE dbo.Persons; --";

    let created = desk.post("/api/persons", &json!({ "name": name })).await.json(201);

    assert_eq!(created["Name"], name);
    assert!(desk.number("SELECT COUNT(*) FROM dbo.Persons").await > 200);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_replaces_a_person_and_answers_with_the_new_row() {
    let desk = Desk::start().await;

    let updated = desk.put("/api/persons/7", &json!({ "name": "CANARY", "balance": "-0.0001" })).await;

    assert!(updated.text.contains(r#""Balance":-0.0001,"#), "{}", updated.text);
    let updated = updated.json(200);
    assert_eq!(
        (&updated["Id"], &updated["Name"], &updated["City"]),
        (&json!(7), &json!("CANARY"), &Json::Null)
    );
    assert_eq!(updated["Created"], "2024-01-20T23:33:18.501");
    assert_eq!(desk.get("/api/persons/7").await.json(200), updated);
    desk.put("/api/persons/999999", &json!({ "name": "CANARY" })).await.problem_for_caller(404, "not-found");
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_person_is_gone_and_a_second_delete_is_404() {
    let desk = Desk::start().await;

    let deleted = desk.delete("/api/persons/9").await;

    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    desk.get("/api/persons/9").await.problem_for_caller(404, "not-found");
    desk.delete("/api/persons/9").await.problem_for_caller(404, "not-found");
    desk.get("/api/persons/10").await.json(200);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_placed_twice_with_one_key_is_there_once() {
    let desk = Desk::start().await;
    let order = json!({ "customer": "CANARY", "amount": 12.5 });
    let headers = [("Idempotency-Key", "CANARY-0b57b2a0")];

    let placed = desk.post_with("/api/orders", &order, &headers).await;
    let again = desk.post_with("/api/orders", &order, &headers).await;

    assert_eq!(placed.text, r#"{"Id":1,"Customer":"CANARY","Amount":12.50}"#);
    assert_eq!((placed.status, again.status, &again.text), (201, 201, &placed.text));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.PlacedOrders").await, 1);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_a_key_is_refused() {
    let desk = Desk::start().await;

    let answer = desk.post("/api/orders", &json!({ "customer": "CANARY", "amount": 12.5 })).await;

    let problem = answer.problem_for_caller(400, "invalid-parameters");
    assert_eq!(problem["violations"][0]["from"], "header.idempotency-key");
    assert_eq!(desk.number("SELECT COUNT(*) FROM dbo.PlacedOrders").await, 0);
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nightly_summary_run_by_hand_writes_a_row() {
    let desk = Desk::start().await;
    let mut client = desk.sql_client().await;

    desk.run("NightlySummary").await;

    let summary = "SELECT COUNT(*) FROM dbo.NightlySummaries WHERE PastDue = 0
                   AND Persons = (SELECT COUNT(*) FROM dbo.Persons)
                   AND TotalBalance = (SELECT SUM(Balance) FROM dbo.Persons)";
    eventually("one row of the summary", async || (client.number(summary).await == 1).then_some(())).await;
    desk.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_get_their_own_rows() {
    let desk = Desk::builder().setting("AZSQL_POOL_MAX_SIZE", "4").start().await;

    let calls = (1..=60).map(|id| {
        let desk = &desk;
        async move { (id, desk.get(&format!("/api/persons/{id}")).await.json(200)) }
    });
    let answers = futures_util::future::join_all(calls).await;

    for (id, person) in answers {
        assert_eq!(person["Id"], id);
    }
    assert!(desk.worker_logins().len() <= 4, "more connections than the pool may have");
    desk.finish().await;
}
