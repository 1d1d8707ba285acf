//! Which function answers a request.

use serde_json::json;

use crate::app::{TestApp, client, get, url};

#[tokio::test]
async fn methods_and_constraints_decide_and_what_does_not_fit_is_a_404() {
    let mut app = TestApp::new();
    app.http_function("List", &json!({ "route": "persons", "methods": ["get"] }));
    app.http_function("Create", &json!({ "route": "persons", "methods": ["POST"] }));
    app.http_function("ById", &json!({ "route": "persons/{id:int:min(1)}", "methods": ["get"] }));
    app.http_function("Me", &json!({ "route": "persons/me", "methods": ["get"] }));
    app.http_function("Files", &json!({ "route": "files/{*path}" }));
    app.http_function("Plain", &json!({}));
    for name in ["List", "Create", "ById", "Me", "Files", "Plain"] {
        app.replies_json(name, &json!({ "Outputs": { "res": { "body": name } } }));
    }
    let host = app.start().await;

    let cases = [
        ("GET", "/api/persons", Some("List")),
        ("GET", "/API/Persons/", Some("List")),
        ("POST", "/api/persons", Some("Create")),
        ("DELETE", "/api/persons", None),
        ("GET", "/api/persons/7", Some("ById")),
        ("GET", "/api/persons/0", None),
        ("GET", "/api/persons/seven", None),
        ("GET", "/api/persons/me", Some("Me")),
        ("PATCH", "/api/files/a/b.txt", Some("Files")),
        ("GET", "/api/plain", Some("Plain")),
        ("GET", "/persons", None),
        ("GET", "/admin/vfs/x", None),
    ];
    for (method, path, expected) in cases {
        let response = client().request(method.parse().unwrap(), url(&host, path)).send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.text().await.unwrap();
        assert_eq!(
            (status, body.as_str()),
            expected.map_or((404, ""), |name| (200, name)),
            "{method} {path}"
        );
    }
    host.stop().await;
}

#[tokio::test]
async fn the_route_prefix_can_be_changed_or_empty_in_the_file_and_by_a_variable() {
    let mut app = TestApp::hello();
    app.host_json(&json!({ "extensions": { "http": { "routePrefix": "" } } }));
    let host = app.start().await;
    assert_eq!(get(&host, "/hello").await.0, 200);
    host.stop().await;

    app.settings
        .insert("AzureFunctionsJobHost__extensions__http__routePrefix".to_owned(), "v2/api".to_owned());
    let host = app.start().await;
    assert_eq!((get(&host, "/v2/api/hello").await.0, get(&host, "/hello").await.0), (200, 404));
    host.stop().await;
}

#[tokio::test]
async fn head_is_answered_without_a_body_where_the_methods_allow_it() {
    let app = TestApp::new();
    app.http_function("Hello", &json!({ "methods": ["head"] }));
    let host = app.start().await;

    let response = client().head(url(&host, "/api/Hello")).send().await.unwrap();

    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-length"], "5");
    assert_eq!(response.text().await.unwrap(), "");
    assert_eq!(get(&host, "/api/Hello").await.0, 404);
    host.stop().await;
}

#[tokio::test]
async fn of_two_routes_that_fit_the_function_whose_name_comes_first_is_called() {
    let mut app = TestApp::new();
    app.http_function("details", &json!({ "route": "products/{id}" }));
    app.http_function("List", &json!({ "route": "products/list" }));
    app.http_function("Archive", &json!({ "route": "products/old" }));
    for name in ["details", "List", "Archive"] {
        app.replies_json(name, &json!({ "Outputs": { "res": { "body": name } } }));
    }
    let host = app.start().await;

    assert_eq!(get(&host, "/api/products/list").await.1, "details");
    assert_eq!(get(&host, "/api/products/old").await.1, "Archive");

    host.stop().await;
}
