//! `local-azure functions`: the folder of an app is all it needs.

use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::app::{TestApp, client};

#[tokio::test]
async fn a_folder_with_host_json_functions_worker_and_local_settings_is_an_app() {
    let app = TestApp::hello();
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), app.root.path().join("worker")).unwrap();
    app.host_json(&json!({ "customHandler": { "description": {
        "defaultExecutablePath": "%WORKER%", "arguments": ["--exact", "fake_worker::serve", "--nocapture"]
    } } }));
    let values = json!({ "Values": { "WORKER": "worker", "MINE": "from the file", "PATH": "not this one" } });
    app.write("local.settings.json", &values.to_string());
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_local-azure"))
        .args(["functions", "--port", "0", "--functions"])
        .arg(app.root.path())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();

    let mut said = Vec::new();
    let address = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        match line.strip_prefix("ready functions ") {
            Some(address) => break address.to_owned(),
            None => said.push(line),
        }
    };
    let status = client().get(format!("{address}/api/hello")).send().await.unwrap().status();
    let pid = program.id().unwrap().to_string();
    let asked = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    // Somebody has to read what it says, or it would wait for room.
    while lines.next_line().await.unwrap().is_some() {}
    let ended = program.wait().await.unwrap();

    assert_eq!((status.as_u16(), asked.success(), ended.success()), (200, true, true));
    assert!(said.iter().any(|line| line.starts_with("Skipping 'PATH'")), "{said:#?}");
    let environment = &app.starts()[0]["environment"];
    assert_eq!(environment["MINE"], "from the file");
    assert_eq!(environment["PATH"], std::env::var("PATH").unwrap());
}
