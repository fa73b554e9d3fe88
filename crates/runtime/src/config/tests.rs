use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use super::*;

/// A configuration of all three sources.
fn reading(toml: &str, variables: &[(&str, &str)], flags: &[(&str, &str, &str)]) -> Reading {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kefu.toml");
    std::fs::write(&file, toml).unwrap();
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let flags = flags.iter().map(|(name, key, value)| Flag {
        name: (*name).to_owned(),
        key: (*key).to_owned(),
        value: Value::from(*value),
    });
    let mut reading =
        Config::read_from(Some(&file), variables, |sources| flags.for_each(|flag| sources.add_flag(flag)));
    let prefix = format!("{}/", folder.path().display());
    reading.faults = reading.faults.iter().map(|fault| fault.replace(&prefix, "")).collect();
    reading
}

fn faults(toml: &str) -> Vec<String> {
    reading(toml, &[], &[]).faults
}

fn told(settings: serde_json::Value) -> Vec<String> {
    Config::load(None, settings).map(|_| ()).unwrap_err().0
}

#[test]
fn faults_of_every_kind_and_source_are_in_one_list() {
    let toml = r#"
        backend = "kafak"
        foo = 1
        data_dir = 7
        policies = ["a.yaml", 5, ""]
        [http]
        listen = "nowhere"
        body_bytes_max = -1
        port = 80
        [telemetry]
        log = "kefu=loud"
        otlp = "collector"
        sample = 2.0
        format = 3
        [[keys]]
        token = 1234567890123456
        tenant = "Demo"
        scope = ["read"]
        [[survey_keys]]
        tenant = "demo"
    "#;
    let variables = [("KEFU__KAFKA__THREADS", "many"), ("KEFU__FOO__BAR", "1"), ("PATH", "x"), ("KEFU_KAFKA", "x")];
    let flags = [("--clock", "clock", "foo"), ("--redis", "redis.url", "rediss://r:1")];
    let found = reading(toml, &variables, &flags).faults;
    let wanted = [
        "kefu.toml: backend: `kafak` is not known; use embedded or kafka",
        "flag --clock: `foo` is not known; use wall or event",
        "kefu.toml: data_dir: a text is wanted, this is a number; write it in quotes",
        "environment variable KEFU__FOO__BAR: foo: no such setting `foo`; use backend, ",
        "kefu.toml: foo: no such setting `foo`; use backend, ",
        "kefu.toml: http.body_bytes_max: -1 is not a whole number, 0 or more",
        "kefu.toml: http.port: no such setting `port`; use listen, body_bytes_max or unpacked_bytes_max",
        "environment variable KEFU__KAFKA__THREADS: a whole number, 0 or more is wanted, this is a text",
        "kefu.toml: keys[0].scope: no such setting `scope`; use token, tenant or scopes",
        "kefu.toml: keys[0].token: a text is wanted, this is a number; write it in quotes",
        "kefu.toml: policies[1]: a text is wanted, this is a number; write it in quotes",
        "kefu.toml: telemetry.format: not one of text or json",
        "kefu.toml: http.listen: `nowhere` is no address; write it as 0.0.0.0:8080",
        "kefu.toml: policies[2]: empty; write the name of a file",
        "kefu.toml: telemetry.log: ",
        "kefu.toml: telemetry.sample: 2 is no share; use 0 to 1",
        "kefu.toml: telemetry.otlp: no URL of a collector; write http://host:port",
        "flag --redis: TLS is not supported; write redis://host:port",
        "kefu.toml: keys[0].tenant: `Demo` is not [a-z0-9_-]{1,64}",
        "kefu.toml: keys[0].scopes: empty, it may do nothing; use ingest, read, agent, supervisor or admin",
        "kefu.toml: survey_keys[0].id: `` cannot stand in a link; use letters, digits, `-` and `_`",
        "kefu.toml: survey_keys[0].secret: shorter than 32 bytes, it could be guessed; use a longer one",
    ];
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for wanted in wanted {
        assert!(found.iter().any(|fault| fault.starts_with(wanted)), "{wanted} is not in {found:#?}");
    }
    assert!(!found.iter().any(|fault| fault.contains("1234567890123456")), "a secret is told: {found:#?}");
}

#[test]
fn a_file_that_cannot_be_read_hides_nothing() {
    let found = reading("backend = ", &[("KEFU__CLOCK", "foo")], &[("--listen", "http.listen", "x")]).faults;
    let starts = ["kefu.toml: no TOML: ", "environment variable KEFU__CLOCK: `foo`", "flag --listen: `x`"];
    assert!(found.iter().zip(starts).all(|(fault, start)| fault.starts_with(start)), "{found:#?}");
    assert_eq!(found.len(), starts.len());
    let missing = Config::read_from(Some(Path::new("none.toml")), std::iter::empty(), |_| {}).faults;
    assert_eq!(missing, ["none.toml: no such file"]);
    let odd = (OsString::from("KEFU__KAFKA__PREFIX"), OsStr::from_bytes(b"\xff").to_owned());
    let odd = Config::read_from(None, std::iter::once(odd), |_| {}).faults;
    assert_eq!(odd, ["environment variable KEFU__KAFKA__PREFIX: the value is no UTF-8"]);
}

#[test]
fn the_weightier_source_wins_and_is_named() {
    let toml = "[http]\nlisten = \"1.1.1.1:1\"\nbody_bytes_max = 5\n[kafka]\nthreads = 0";
    let variables = [("KEFU__HTTP__LISTEN", "2.2.2.2:2"), ("KEFU__KAFKA__THREADS", "3")];
    let config = reading(toml, &variables, &[("--listen", "http.listen", "3.3.3.3:3")]).checked().unwrap();
    assert_eq!((config.http.listen.as_str(), config.http.body_bytes_max, config.kafka.threads), ("3.3.3.3:3", 5, 3));
    let found = reading("[http]\nlisten = \"1.1.1.1:1\"", &[("KEFU__HTTP__LISTEN", "x")], &[]).faults;
    assert!(found[0].starts_with("environment variable KEFU__HTTP__LISTEN: `x`"), "{found:#?}");
}

#[test]
fn impossible_values_are_refused() {
    let key = |token: &str, tenant: &str| json!({"token": token, "tenant": tenant, "scopes": ["read"]});
    let long = "0123456789abcdef";
    let survey_key = |id: &str| json!({"id": id, "tenant": "demo", "secret": "s".repeat(32)});
    for (settings, wanted) in [
        (json!({"keys": [key(long, "a"), key(long, "b")]}), "keys[1].token: the same as that of keys[0]"),
        (json!({"keys": [key(long, "a"), key(long, "a")]}), "keys[1].token: the same as that of keys[0]"),
        (json!({"keys": [key("short", "a")]}), "keys[0].token: shorter than 16"),
        (json!({"keys": [key("0123456789abcdef ", "a")]}), "keys[0].token: has spaces"),
        (json!({"keys": [{"token": long, "tenant": "a", "scopes": []}]}), "keys[0].scopes: empty"),
        (json!({"keys": [{"token": long, "tenant": "a", "scopes": ["root"]}]}), "keys[0].scopes[0]: `root`"),
        (json!({"survey_keys": [survey_key("k"), survey_key("k")]}), "survey_keys[1].id: the same"),
        (json!({"http": {"body_bytes_max": 0}}), "http.body_bytes_max: 0 lets no body in"),
        (json!({"http": {"body_bytes_max": 9, "unpacked_bytes_max": 8}}), "http.unpacked_bytes_max: less than"),
        (json!({"redis": {"url": "rediss://r:1"}}), "redis.url: TLS is not supported"),
        (json!({"redis": {"url": "redisish"}}), "redis.url: no URL"),
        (json!({"telemetry": {"otlp": "https://c:1"}}), "telemetry.otlp: TLS is not supported"),
        (json!({"kafka": {"bootstrap": "a:1,,b:1"}}), "kafka.bootstrap: a broker is empty"),
        (json!({"kafka": {"prefix": "a/b"}}), "kafka.prefix: `a/b` cannot stand"),
        (json!({"kafka": {"instance": "a b"}}), "kafka.instance: `a b` cannot stand"),
        (json!({"backend": "kafka", "kafka": {"instance": ""}}), "kafka.instance: empty"),
        (json!({"kafka": {"threads": 0}}), "kafka.threads: 0"),
        (json!({"kafka": {"membership": "fixed"}}), "kafka.membership: `fixed` is not known; use static or dynamic"),
        (json!({"kafka": {"group_protocol": "848"}}), "kafka.group_protocol: `848` is not known"),
        (json!({"data_dir": ""}), "data_dir: empty"),
    ] {
        let found = told(settings);
        assert!(matches!(&found[..], [fault] if fault.starts_with(wanted)), "{wanted}: {found:#?}");
    }
}

#[test]
fn a_process_without_keys_says_so() {
    let warnings = |listen: &str, keys: serde_json::Value| {
        Config::load(None, json!({"http": {"listen": listen}, "keys": keys})).unwrap().warnings()
    };
    let local = warnings("127.0.0.1:80", json!([]));
    let open = warnings("0.0.0.0:80", json!([]));
    assert!(open[0].starts_with("no API keys are configured: the API refuses everyone but health"), "{open:?}");
    assert_eq!((local[0].contains("the board"), open[0].contains("the board")), (true, false));
    let key = json!([{"token": "0123456789abcdef", "tenant": "a", "scopes": ["read"]}]);
    assert_eq!(warnings("0.0.0.0:80", key), Vec::<String>::new());
}

/// TOML, variables and flags all take librdkafka's dotted names, and numbers.
#[test]
fn properties_are_read_by_their_own_names() {
    let toml = "[kafka.properties]\nlinger.ms = 5\n\"client.rack\" = \"a\"\nsocket.keepalive.enable = true";
    let variables = [("KEFU__KAFKA__PROPERTIES__SESSION__TIMEOUT__MS", "9000")];
    let flags = [("--kafka.properties.linger.ms", "kafka.properties.linger.ms", "7")];
    let config = reading(toml, &variables, &flags).checked().unwrap();
    let wanted =
        [("client.rack", "a"), ("linger.ms", "7"), ("session.timeout.ms", "9000"), ("socket.keepalive.enable", "true")];
    let wanted: BTreeMap<String, String> =
        wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    assert_eq!(config.kafka.properties, wanted);
    let found = faults("[kafka.properties]\nisolation.level = \"read_uncommitted\"\nlinger.ms = \"soon\"");
    let starts = [
        "kefu.toml: kafka.properties.isolation.level: cannot be changed: ",
        "kefu.toml: kafka.properties.linger.ms: librdkafka does not take it: ",
    ];
    assert!(found.iter().zip(starts).all(|(fault, start)| fault.starts_with(start)), "{found:#?}");
    assert_eq!(found.len(), starts.len());
}

#[test]
fn an_instance_is_called_as_its_host() {
    let kernel = || Some("machine\n".to_owned());
    assert_eq!(known_name(Some("pod-3".to_owned()), kernel), "pod-3");
    assert_eq!(known_name(Some(" ".to_owned()), kernel), "machine");
    assert_eq!(known_name(None, kernel), "machine");
    assert_eq!(known_name(None, || None), "");
}

#[test]
fn faults_of_settings_policies_and_services_are_told_together() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("none.yaml");
    let settings = json!({"clock": "foo", "policies": [policy]});
    let given = Value::serialize(settings).unwrap();
    let reading = Config::read_from(None, std::iter::empty(), |sources| sources.add_program(given));
    let found = reading.with(|_| Err::<(), _>(ConfigFaults(vec!["--services: none".to_owned()]))).unwrap_err().0;
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("clock") && found[1].contains("none.yaml") && found[2].starts_with("--services"));
}

#[test]
fn the_file_that_the_docs_show_has_no_fault() {
    let docs = include_str!("../../../../docs/settings.md");
    let (_, begun) = docs.split_once("```toml\n").unwrap();
    let (toml, _) = begun.split_once("```").unwrap();
    let reading = reading(toml, &[("KEFU__KAFKA__INSTANCE", "kefu-0")], &[]);
    assert_eq!(reading.faults, [""; 0]);
    let config = reading.checked().unwrap();
    assert_eq!((config.keys.len(), config.survey_keys.len()), (1, 1));
    assert!(config.kafka.bootstrap.contains("kafka-2"));
}
