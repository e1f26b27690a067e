//! The order of strength of the sources, and every error of each.

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    settings: SettingFlags,
}

/// What one run of the program would be told.
#[derive(Default)]
struct Sources<'a> {
    flags: &'a [&'a str],
    variables: &'a [(&'a str, &'a str)],
    file: &'a str,
}

impl Sources<'_> {
    fn resolve(&self) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("holdfast.toml");
        fs::write(&file, self.file).unwrap();
        let arguments = ["holdfast"].iter().chain(self.flags);
        let program = Program::try_parse_from(arguments).map_err(|error| error.to_string())?;
        let named_file = [("HOLDFAST_CONFIG", file.to_str().unwrap())];
        let variables = self.variables.iter().chain(&named_file);
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        Settings::resolve_among(program.settings, variables)
            .map_err(|error| error.to_string().replace(folder.path().to_str().unwrap(), "FOLDER"))
    }

    /// The error has to hold each of `parts`.
    #[track_caller]
    fn fail(&self, parts: &[&str]) {
        let error = self.resolve().expect_err("these sources hold a mistake");
        for part in parts {
            assert!(error.contains(part), "{part:?} is missing in: {error}");
        }
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn without_any_source_the_defaults_hold() {
    let settings = Settings::resolve_among(SettingFlags::default(), []).unwrap();
    assert_eq!(
        settings,
        Settings {
            data_dir: PathBuf::from("holdfast-data"),
            http: address("127.0.0.1:8080"),
            grpc: address("127.0.0.1:7420"),
            chart: None,
            engine: "http://127.0.0.1:7420".to_owned(),
            writers: None,
            hold_secs: 900,
            buyer_seats_max: None,
            admin_token: None,
            redis_url: None,
            limit_user: None,
            limit_address: None,
            limit_event: None,
            limit_reads: None,
            trusted_proxies: 0,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            metrics: None,
            history_retention_days: 90,
            database_url: None,
            ack: Ack::Journal,
            journal_budget_bytes: 8 << 30,
            journal_segment_bytes: 64 << 20,
        }
    );
}

#[test]
fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
    let mut sources = Sources { file: "hold_secs = 30", ..Sources::default() };
    assert_eq!(sources.resolve().unwrap().hold_secs, 30);
    sources.variables = &[("HOLDFAST_HOLD_SECS", "20")];
    assert_eq!(sources.resolve().unwrap().hold_secs, 20);
    sources.flags = &["--hold-secs", "10"];
    assert_eq!(sources.resolve().unwrap().hold_secs, 10);
}

#[test]
fn sources_complete_each_other() {
    let settings = Sources {
        flags: &["--http", "0.0.0.0:0", "--engine", "grpc://engine:7420"],
        variables: &[("HOLDFAST_GRPC", "[::1]:0"), ("HOLDFAST_LOG", "warn,edge_api=debug")],
        file: "writers = 2\nlog_format = \"json\"\nbuyer_seats_max = 4",
    };
    let settings = settings.resolve().unwrap();
    assert_eq!(settings.http, address("0.0.0.0:0"));
    assert_eq!(settings.engine, "http://engine:7420");
    assert_eq!(settings.grpc, address("[::1]:0"));
    assert_eq!(settings.log, "warn,edge_api=debug");
    assert_eq!(settings.writers, Some(2));
    assert_eq!(settings.log_format, LogFormat::Json);
    assert_eq!(settings.buyer_seats_max, Some(4));
}

#[test]
fn every_setting_is_read_from_every_source_under_the_same_name() {
    const VALUES: &[(&str, &str)] = &[
        ("data_dir", "\"/other\""),
        ("http", "\"127.0.0.2:1\""),
        ("grpc", "\"127.0.0.2:2\""),
        ("chart", "\"/chart.json\""),
        ("engine", "\"http://127.0.0.2:3\""),
        ("writers", "3"),
        ("hold_secs", "4"),
        ("buyer_seats_max", "5"),
        ("admin_token", "\"sixteen-letters!\""),
        ("redis_url", "\"redis://:letters@cache:6379/1\""),
        ("limit_user", "\"5/s,burst=20\""),
        ("limit_address", "\"50/s\""),
        ("limit_event", "\"20000/s\""),
        ("limit_reads", "\"600/m\""),
        ("trusted_proxies", "2"),
        ("log", "\"debug\""),
        ("log_format", "\"json\""),
        ("metrics", "\"127.0.0.2:6\""),
        ("history_retention_days", "7"),
        ("database_url", "\"postgres://ann:secret@db/holdfast\""),
        ("ack", "\"journal+postgres\""),
        ("journal_budget_bytes", "1048576"),
        ("journal_segment_bytes", "65536"),
    ];
    let default = Sources::default().resolve().unwrap();
    assert_eq!(default.changed(), "");
    for (key, value) in VALUES {
        let text = value.trim_matches('"');
        let variable = format!("HOLDFAST_{}", key.to_uppercase());
        let flag = format!("--{}={text}", key.replace('_', "-"));
        let file = format!("{key} = {value}");
        let by_flag = Sources { flags: &[&flag], ..Sources::default() }.resolve().unwrap();
        let by_variable =
            Sources { variables: &[(&variable, text)], ..Sources::default() }.resolve().unwrap();
        let by_file = Sources { file: &file, ..Sources::default() }.resolve().unwrap();
        assert_ne!(by_flag, default, "{key}");
        assert_eq!(by_flag, by_variable, "{key}");
        assert_eq!(by_flag, by_file, "{key}");
        let is_secret = matches!(*key, "admin_token" | "database_url" | "redis_url");
        let shown = if is_secret { "(set)" } else { text };
        assert_eq!(by_flag.changed(), format!("{key}={shown}"), "{key}");
    }
    let named = VALUES.iter().map(|(key, _)| format!("HOLDFAST_{}", key.to_uppercase()));
    let named: Vec<_> = ["HOLDFAST_CONFIG".to_owned()].into_iter().chain(named).collect();
    assert_eq!(environment::names(), named, "a setting is missing in this test");
}

#[test]
fn the_flag_names_another_file_than_the_variable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.toml");
    fs::write(&file, "hold_secs = 7").unwrap();
    let flags = ["--config", file.to_str().unwrap()];
    let sources = Sources { flags: &flags, file: "hold_secs = 8", ..Sources::default() };
    assert_eq!(sources.resolve().unwrap().hold_secs, 7);
}

#[test]
fn a_relative_path_of_the_file_starts_at_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("holdfast.toml");
    fs::write(&file, "data_dir = \"data\"\nchart = \"/charts/arena.json\"").unwrap();
    let flags = SettingFlags { config: Some(file), ..SettingFlags::default() };
    let settings = Settings::resolve_among(flags, []).unwrap();
    assert_eq!(settings.data_dir, folder.path().join("data"));
    assert_eq!(settings.chart, Some(PathBuf::from("/charts/arena.json")));
}

#[test]
fn an_unknown_variable_is_an_error_with_the_close_ones() {
    Sources { variables: &[("HOLDFAST_DATADIR", "x")], ..Sources::default() }
        .fail(&["HOLDFAST_DATADIR is no setting", "close to it: HOLDFAST_DATA_DIR"]);
    Sources { variables: &[("HOLDFAST_ENTIRELY_ELSE", "x")], ..Sources::default() }
        .fail(&["HOLDFAST_ENTIRELY_ELSE is no setting", "--help"]);
}

#[test]
fn variables_of_tests_and_of_others_are_left_alone() {
    let variables = [("HOLDFAST_TEST_LONG", "1"), ("HTTP", "no address"), ("holdfast_http", "")];
    let sources = Sources { variables: &variables, ..Sources::default() };
    assert_eq!(sources.resolve(), Sources::default().resolve());
}

#[test]
fn a_bad_value_of_a_variable_is_reported_with_its_name() {
    for (name, value, problem) in [
        ("HOLDFAST_HTTP", "localhost", "not an address to listen on"),
        ("HOLDFAST_HTTP", "", "not an address to listen on"),
        ("HOLDFAST_GRPC", "127.0.0.1:65536", "not an address to listen on"),
        ("HOLDFAST_METRICS", ":9000", "not an address to listen on"),
        ("HOLDFAST_ENGINE", "127.0.0.1:7420", "not an engine's address"),
        ("HOLDFAST_ENGINE", "http://engine/path", "not an engine's address"),
        ("HOLDFAST_ENGINE", "https://engine", "TLS to the engine is not available"),
        ("HOLDFAST_WRITERS", "0", "not a whole number from 1 to 256"),
        ("HOLDFAST_WRITERS", "257", "not a whole number from 1 to 256"),
        ("HOLDFAST_HOLD_SECS", "-1", "not a whole number from 1 to 86400"),
        ("HOLDFAST_HOLD_SECS", "15m", "not a whole number from 1 to 86400"),
        ("HOLDFAST_BUYER_SEATS_MAX", "none", "not a whole number from 1 to 1048576"),
        ("HOLDFAST_HISTORY_RETENTION_DAYS", "-1", "not a whole number from 0 to 36500"),
        ("HOLDFAST_ACK", "postgres", "neither journal nor journal+postgres"),
        ("HOLDFAST_JOURNAL_BUDGET_BYTES", "1", "not a whole number from 1048576 to"),
        ("HOLDFAST_JOURNAL_SEGMENT_BYTES", "1", "not a whole number from 65536 to 1073741824"),
        ("HOLDFAST_LIMIT_USER", "5", "not a limit, such as 20/s"),
        ("HOLDFAST_LIMIT_READS", "5/d", "behind the / comes s, m or h"),
        ("HOLDFAST_TRUSTED_PROXIES", "9", "not a whole number from 0 to 8"),
        ("HOLDFAST_LOG", "edge_api=loud", "not a log filter"),
        ("HOLDFAST_LOG_FORMAT", "xml", "neither text nor json"),
        ("HOLDFAST_DATA_DIR", "", "not a path"),
    ] {
        let sources = Sources { variables: &[(name, value)], ..Sources::default() };
        sources.fail(&[&format!("the variable {name} holds {value:?}"), problem]);
    }
}

#[test]
fn a_secret_is_not_written_even_if_it_is_refused() {
    for token in ["fifteen-letters", "sixteen letters!", "sixteen-letters!é"] {
        let variables = [("HOLDFAST_ADMIN_TOKEN", token)];
        let sources = Sources { variables: &variables, ..Sources::default() };
        let error = sources.resolve().unwrap_err();
        assert!(error.contains("HOLDFAST_ADMIN_TOKEN") && error.contains("16 to 255"), "{error}");
        assert!(!error.contains("letters"), "{error}");
    }
    for url in ["mysql://ann:letters@db", "postgres://", "postgres://ann:letters @db"] {
        let variables = [("HOLDFAST_DATABASE_URL", url)];
        let error = Sources { variables: &variables, ..Sources::default() }.resolve().unwrap_err();
        assert!(error.contains("HOLDFAST_DATABASE_URL") && error.contains("not a data"), "{error}");
        assert!(!error.contains("letters"), "{error}");
    }
    for file in ["log = \"info\"\nadmin_token = \"letters\"", "\ndatabase_url = \"my://letters\""] {
        let error = Sources { file, ..Sources::default() }.resolve().unwrap_err();
        assert!(error.contains("holdfast.toml is not valid: line 2: this is not a"), "{error}");
        assert!(!error.contains("letters"), "{error}");
    }
    let bad = [("HOLDFAST_REDIS_URL", "redis:/user:letters@cache")];
    let error = Sources { variables: &bad, ..Sources::default() }.resolve().unwrap_err();
    assert!(error.contains("HOLDFAST_REDIS_URL") && error.contains("rediss://"), "{error}");
    assert!(!error.contains("letters"), "{error}");
    for file in ["# x\nadmin_token = \"few letters\"", "# x\n redis_url = \"redis:letters\""] {
        let error = Sources { file, ..Sources::default() }.resolve().unwrap_err();
        assert!(error.contains("line 2") && error.contains("this is not a"), "{error}");
        assert!(!error.contains("letters"), "{error}");
    }
    let flags = ["--admin-token=sixteen-letters!", "--redis-url=redis://:letters@cache"];
    let sources = Sources { flags: &flags, ..Sources::default() };
    assert!(!format!("{:?}", sources.resolve().unwrap()).contains("letters"));
}

#[test]
fn only_who_has_a_database_has_a_projection_and_can_wait_for_it() {
    let of = |flags: &[&str]| Sources { flags, ..Sources::default() }.resolve().unwrap();
    let database = "--database-url=postgres://ann:secret@db/holdfast";
    assert_eq!(of(&[]).projection().unwrap(), None);
    assert_eq!(of(&["--journal-budget-bytes=1048576"]).projection().unwrap(), None);
    let with = of(&[database, "--ack=journal+postgres", "--journal-budget-bytes=1048576"]);
    let expected =
        ProjectionOptions { journal_budget_bytes: 1 << 20, ack: Ack::JournalAndPostgres };
    assert_eq!(with.projection().unwrap(), Some(expected));
    assert_eq!(of(&[database]).projection().unwrap(), Some(ProjectionOptions::default()));
    let error = of(&["--ack=journal+postgres"]).projection().unwrap_err().to_string();
    assert!(error.contains("no database_url") && error.contains("leave ack out"), "{error}");
}

#[test]
fn a_value_that_is_not_unicode_is_reported_with_its_name() {
    use std::os::unix::ffi::OsStringExt;

    let value = OsString::from_vec(vec![b'a', 0xff]);
    let variables = [(OsString::from("HOLDFAST_CHART"), value)];
    let error = Settings::resolve_among(SettingFlags::default(), variables).unwrap_err();
    assert!(error.to_string().contains("HOLDFAST_CHART"), "{error}");
    assert!(error.to_string().contains("not Unicode"), "{error}");
}

#[test]
fn a_bad_flag_is_reported_with_its_name() {
    for (flags, parts) in [
        (["--http", "nowhere"], ["--http <ADDR>", "not an address to listen on"]),
        (["--writers", "0"], ["--writers <N>", "not a whole number from 1 to 256"]),
        (["--log-format", "xml"], ["--log-format <FORMAT>", "text, json"]),
        (["--htpp", "127.0.0.1:1"], ["--htpp", "'--http'"]),
    ] {
        Sources { flags: &flags, ..Sources::default() }.fail(&parts);
    }
}

#[test]
fn a_mistake_in_the_file_is_reported_with_file_line_and_key() {
    for (file, parts) in [
        ("# comment\nhtpp = \"127.0.0.1:1\"", ["line 2", "unknown field `htpp`, expected"]),
        ("\n\nhttp = \"nowhere\"", ["line 3", "\"nowhere\" is not an address to listen on"]),
        ("hold_secs = \"10\"", ["line 1", "hold_secs = \"10\""]),
        ("hold_secs = 0", ["line 1", "not a whole number from 1 to 86400"]),
        ("writers = -1", ["line 1", "writers = -1"]),
        ("log_format = \"xml\"", ["line 1", "\"xml\" is neither text nor json"]),
        ("config = \"other.toml\"", ["line 1", "unknown field `config`"]),
        ("http = \"127.0.0.1:1\"\nhttp = \"127.0.0.1:2\"", ["line 2", "duplicate key"]),
        ("not toml", ["line 1", "not toml"]),
    ] {
        let sources = Sources { file, ..Sources::default() };
        sources.fail(&["settings file FOLDER/holdfast.toml is not valid"]);
        sources.fail(&parts);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let flags = ["--config", "/nowhere/holdfast.toml"];
    Sources { flags: &flags, ..Sources::default() }.fail(&[
        "settings file /nowhere/holdfast.toml",
        "--config or HOLDFAST_CONFIG",
        "No such",
    ]);
}

#[test]
fn the_page_about_settings_is_true() {
    let page = include_str!("../../../docs/settings.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `--"))
        .map(|line| line.split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect();
    let flags = <SettingFlags as clap::Args>::augment_args(clap::Command::new("settings"));
    let expected: Vec<[String; 4]> = flags
        .get_arguments()
        .map(|flag| {
            let key = flag.get_id().as_str();
            let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
            let default =
                help.split_once("[default: ").and_then(|(_, text)| text.strip_suffix(']'));
            [
                format!("--{}", flag.get_long().unwrap_or_default()),
                format!("HOLDFAST_{}", key.to_uppercase()),
                if key == "config" { "-".to_owned() } else { key.to_owned() },
                default.unwrap_or("none").to_owned(),
            ]
        })
        .collect();
    let shown: Vec<[String; 4]> =
        rows.iter().map(|row| [row[1], row[2], row[3], row[4]].map(str::to_owned)).collect();
    assert_eq!(shown, expected);

    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let example = example.unwrap();
    let settings = Sources { file: example, ..Sources::default() }.resolve().unwrap();
    assert_eq!((settings.hold_secs, settings.buyer_seats_max), (600, Some(8)));
    for [_, _, key, _] in expected.iter().filter(|row| row[2] != "-") {
        assert!(example.contains(&format!("{key} = ")), "the example lacks {key}");
    }
}

#[test]
fn a_log_filter_that_says_nothing_is_refused() {
    Sources { flags: &["--log", ""], ..Sources::default() }.fail(&["--log", "off"]);
    Sources { file: "log = \"\"", ..Sources::default() }.fail(&["log", "off"]);
    Sources { file: "log = \" \"", ..Sources::default() }.fail(&["not a log filter"]);
}
