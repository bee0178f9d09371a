//! The files of the deployment: they parse, all that they name is there, the binaries take their settings, and Kubernetes' schemas the
//! manifests. (The images run in `container_images.rs`.)

use std::{
    collections::BTreeSet,
    fs::read_to_string,
    path::{Path, PathBuf},
    process::Command,
};

use cheapbob_test_support::RealServer;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(file: &str) -> String {
    read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn yaml(file: &str) -> Value {
    serde_saphyr::from_str(&text(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn manifests() -> Vec<(String, Value)> {
    let folder = root().join("config/kubernetes");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), yaml(&format!("config/kubernetes/{name}")))).collect()
}

/// Names of settings as the environment has them.
fn settings() -> BTreeSet<String> {
    let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.to_uppercase());
    text("config/default.toml").lines().filter(|line| !line.starts_with('#')).filter_map(key).collect()
}

/// Targets of the Dockerfile that are images of their own.
fn images() -> BTreeSet<String> {
    let stage = |line: &str| line.starts_with("FROM ").then(|| line.rsplit(' ').next().unwrap().to_owned());
    let dockerfile = text("Dockerfile");
    let stages = dockerfile.lines().filter_map(stage).filter(|stage| !matches!(stage.as_str(), "build" | "base"));
    stages.map(|stage| format!("cheapbob-{stage}")).collect()
}

fn named<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(map) => map.iter().flat_map(|(k, v)| (k == key).then_some(v).into_iter().chain(named(v, key))).collect(),
        Value::Array(list) => list.iter().flat_map(|v| named(v, key)).collect(),
        _ => Vec::new(),
    }
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn the_dockerfile_builds_the_binaries_and_runs_them_as_nobody() {
    let dockerfile = text("Dockerfile");
    assert_eq!(images(), ["cheapbob-http", "cheapbob-jobs"].map(str::to_owned).into());
    for image in images() {
        assert!(root().join(format!("crates/{}/src/main.rs", image.trim_start_matches("cheapbob-"))).exists());
        for line in [
            format!("-p {image}"),
            format!("ENTRYPOINT [\"/usr/local/bin/{image}\"]"),
            format!("CMD [\"/usr/local/bin/{image}\", \"health\"]"),
        ] {
            assert!(dockerfile.contains(&line), "{line}");
        }
    }
    assert!(dockerfile.contains("distroless") && dockerfile.contains("USER 65532:65532"));
    let rust = text("Cargo.toml").lines().find_map(|l| l.strip_prefix("rust-version = ")).unwrap().trim_matches('"').to_owned();
    let built_with = dockerfile.lines().find_map(|l| l.strip_prefix("ARG BUILDER=rust:")).unwrap();
    assert!(built_with.starts_with(&rust), "{built_with}, but rust-version is {rust}");
    for line in dockerfile.lines().filter_map(|line| line.strip_prefix("ENV ")) {
        for pair in line.split(' ') {
            let name = pair.split('=').next().unwrap();
            assert!(settings().contains(name), "the Dockerfile sets {name}, which is no setting");
        }
    }
    // What the build needs reaches it.
    let context = text(".dockerignore");
    for part in ["Cargo.lock", "Cargo.toml", "LICENSE", "crates", "migrations", "tests", "config/default.toml"] {
        assert!(context.lines().any(|line| line == format!("!{part}")), "{part}");
    }
}

#[test]
fn compose_names_what_there_is() {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_object().unwrap();
    let expected = ["postgres", "mongo", "redis", "minio", "mailpit", "migrate", "http-1", "http-2", "jobs-1", "jobs-2", "nginx"];
    for name in expected {
        assert!(services.contains_key(name), "{name}");
    }
    for (name, service) in services {
        for dependency in named(service, "depends_on").into_iter().filter_map(Value::as_object).flat_map(|map| map.keys()) {
            assert!(services.contains_key(dependency), "{name} waits for {dependency}");
            // Our images bring theirs.
            let is_checked = services[dependency].get("healthcheck").or(services[dependency].get("build")).is_some();
            assert!(is_checked || service["depends_on"][dependency]["condition"] != "service_healthy", "{dependency} is never healthy");
        }
        let Some(target) = service["build"]["target"].as_str() else { continue };
        assert!(images().contains(&format!("cheapbob-{target}")), "{name}: {target}");
        let environment = service["environment"].as_object().unwrap();
        for (setting, value) in environment {
            assert!(settings().contains(setting), "{name} sets {setting}, which is no setting");
            let host = setting.ends_with("_HOST").then(|| value.as_str().unwrap());
            assert!(host.is_none_or(|host| services.contains_key(host)), "{name}: {setting} is {value}");
        }
    }
    for process in ["http-1:3000", "http-2:3000", "listen 8080"] {
        assert!(text("config/nginx.conf").contains(process), "{process}");
    }
    assert_eq!(strings(&services["nginx"]["ports"]), ["127.0.0.1:8080:8080"]);
    // PostgreSQL is there when it answers over TCP; migrating goes on until it has been done, and nobody begins before.
    assert!(strings(&services["postgres"]["healthcheck"]["test"]).starts_with(&["CMD", "pg_isready", "-h", "127.0.0.1"]));
    assert_eq!(services["migrate"]["restart"], "on-failure");
    assert_eq!(services["migrate"]["depends_on"]["postgres"]["condition"], "service_healthy");
    for name in ["http-1", "http-2", "jobs-1", "jobs-2"] {
        assert_eq!(services[name]["depends_on"]["migrate"]["condition"], "service_completed_successfully", "{name}");
    }
    // What must outlive a container lies in a volume.
    assert!(strings(&services["redis"]["command"]).ends_with(&["--appendonly", "yes"]));
    for (name, folder) in [("postgres", "/var/lib/postgresql/data"), ("mongo", "/data/db"), ("redis", "/data"), ("minio", "/data")] {
        assert_eq!(strings(&services[name]["volumes"]), [format!("{name}:{folder}")]);
        assert!(compose["volumes"].as_object().unwrap().contains_key(name), "{name}");
    }
    let command = strings(&services["migrate"]["command"]).into_iter().map(str::to_owned).collect::<Vec<_>>();
    cheapbob_jobs::command::Arguments::read(command.iter().map(String::as_str)).unwrap();
}

/// What a binary says that reads these settings and then asks for a process that is not there.
fn checked(binary: &str, settings: &[(&str, String)]) -> String {
    let output = RealServer::command(binary, settings).arg("health").output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// The first thing that a binary does with its settings once it takes them.
fn taken(said: &str) -> bool {
    (said.contains("nothing answers on port") || said.contains("set METRICS_PORT")) && !said.contains("is no setting")
}

#[test]
fn the_binaries_take_composes_settings() {
    let compose = yaml("compose.yaml");
    let mut count = 0;
    for (name, service) in compose["services"].as_object().unwrap() {
        let Some(target) = service["build"]["target"].as_str() else { continue };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let environment = service["environment"].as_object().unwrap();
        let settings: Vec<_> = environment.iter().map(|(setting, value)| (setting.as_str(), text(value))).chain(free_port()).collect();
        let said = checked(&format!("cheapbob-{target}"), &settings);
        assert!(taken(&said), "{name}: {said}");
        count += 1;
    }
    assert_eq!(count, 5);
}

#[test]
fn the_binaries_take_kubernetes_settings() {
    let (_, manifest) = manifests().into_iter().find(|(file, _)| file == "settings.yaml").unwrap();
    let data = manifest["data"].as_object().unwrap();
    let mut settings: Vec<_> =
        data.iter().map(|(setting, value)| (setting.as_str(), value.as_str().unwrap().to_owned())).chain(free_port()).collect();
    // The Secret, of which settings.yaml speaks.
    let secrets = [
        "DB_PASSWORD",
        "MONGODB_PASSWORD",
        "GOOGLE_CLIENT_ID",
        "GOOGLE_CLIENT_SECRET",
        "KAKAO_CLIENT_ID",
        "KAKAO_CLIENT_SECRET",
        "NAVER_CLIENT_ID",
        "NAVER_CLIENT_SECRET",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "SUPER_ADMIN_SMTP_PASSWORD",
    ];
    settings.extend(secrets.map(|name| (name, "x".to_owned())));
    settings.push(("JWT_SECRET", "a secret of this test that nobody guesses".to_owned()));
    settings.push(("CHEAPBOB_SECRET_KEYS", "k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()));
    settings.push(("VAPID_PRIVATE_KEY", "RS0WdYWWo1HajXg3NZR1olzCf31i-ZBGDkFyCs7j1jw".to_owned()));
    // As the kubelet adds them for a Service named redis.
    settings.push(("REDIS_SERVICE_HOST", "10.0.0.11".to_owned()));
    settings.push(("REDIS_PORT_6379_TCP", "tcp://10.0.0.11:6379".to_owned()));
    for binary in ["cheapbob-http", "cheapbob-jobs"] {
        let said = checked(binary, &settings);
        assert!(taken(&said), "{binary}: {said}");
    }
}

fn free_port() -> [(&'static str, String); 1] {
    [("PORT", RealServer::free_port().to_string())]
}

#[test]
fn kubernetes_names_what_there_is() {
    let all = manifests();
    let mut kinds: Vec<_> = all.iter().map(|(_, manifest)| manifest["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    let expected = [
        "ConfigMap",
        "Deployment",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Job",
        "NetworkPolicy",
        "NetworkPolicy",
        "NetworkPolicy",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PodDisruptionBudget",
        "Service",
    ];
    assert_eq!(kinds, expected);
    let document = cheapbob_http::document();
    let deployments: Vec<_> = all.iter().filter(|(_, m)| m["kind"] == "Deployment").map(|(_, m)| &m["metadata"]["name"]).collect();
    let pods: BTreeSet<_> = all.iter().filter_map(|(_, m)| m["spec"]["template"]["metadata"]["labels"]["app"].as_str()).collect();
    for (file, manifest) in &all {
        for container in named(manifest, "containers").into_iter().flat_map(|containers| containers.as_array().unwrap()) {
            let resources = &container["resources"];
            let bounds = [&resources["requests"]["cpu"], &resources["requests"]["memory"], &resources["limits"]["memory"]];
            assert!(bounds.iter().all(|bound| bound.is_string()), "{file}: {resources}");
        }
        for image in named(manifest, "image") {
            assert!(images().contains(image.as_str().unwrap()), "{file}: {image}");
        }
        for probe in named(manifest, "httpGet") {
            let path = probe["path"].as_str().unwrap();
            // The metrics' port has only that one.
            let there = if probe["port"] == "metrics" { path == "/health/live" } else { document.paths.paths.contains_key(path) };
            assert!(there, "{file}: {probe}");
        }
        for target in named(manifest, "scaleTargetRef") {
            assert!(deployments.contains(&&target["name"]), "{file}: {target}");
        }
        for selector in named(manifest, "selector") {
            let app = selector.get("app").unwrap_or(&selector["matchLabels"]["app"]);
            assert!(deployments.contains(&app), "{file}: {selector}");
        }
        for setting in named(manifest, "data").into_iter().filter_map(Value::as_object).flat_map(|data| data.keys()) {
            assert!(settings().contains(setting), "{file} sets {setting}, which is no setting");
        }
        for ports in named(manifest, "ports").into_iter().filter_map(Value::as_array) {
            for port in ports.iter().filter_map(|port| port.get("containerPort")) {
                assert!(
                    text("Dockerfile")
                        .lines()
                        .any(|l| l.starts_with("EXPOSE") && l.split(' ').any(|p| p.parse() == Ok(port.as_u64().unwrap()))),
                    "{file}: {port}"
                );
            }
        }
        for selector in named(manifest, "podSelector").into_iter().filter(|_| manifest["kind"] == "NetworkPolicy") {
            let mut apps =
                named(selector, "values").into_iter().flat_map(strings).chain(named(selector, "app").into_iter().filter_map(Value::as_str));
            assert!(apps.all(|app| pods.contains(app)), "{file}: {selector}");
        }
        if file == "jobs.yaml" || file == "migrate.yaml" {
            let arguments: Vec<_> = named(manifest, "args").into_iter().flat_map(strings).map(str::to_owned).collect();
            cheapbob_jobs::command::Arguments::read(arguments.iter().map(String::as_str)).unwrap();
        }
    }
}

/// Each pod is let in and out by name: what a policy does not speak of, it does not bind.
#[test]
fn network_policies_bind_every_pod_and_let_it_reach_its_parts() {
    let all = manifests();
    let pods: BTreeSet<_> = all.iter().filter_map(|(_, m)| m["spec"]["template"]["metadata"]["labels"]["app"].as_str()).collect();
    assert_eq!(pods.len(), 3);
    let bound = |direction: &str| -> BTreeSet<&str> {
        let policies = all.iter().filter(|(_, m)| strings(&m["spec"]["policyTypes"]).contains(&direction));
        let selectors: Vec<_> = policies.map(|(_, m)| &m["spec"]["podSelector"]).collect();
        let listed = selectors.iter().flat_map(|selector| named(selector, "values")).flat_map(strings);
        listed.chain(selectors.iter().filter_map(|selector| selector["matchLabels"]["app"].as_str())).collect()
    };
    assert_eq!(bound("Ingress"), pods);
    assert_eq!(bound("Egress"), pods);
    let manifest = |file: &str| &all.iter().find(|(name, _)| name == file).unwrap().1;
    let out: BTreeSet<_> = named(&manifest("egress-network.yaml")["spec"]["egress"], "port").into_iter().map(ToString::to_string).collect();
    let parts = manifest("settings.yaml")["data"].as_object().unwrap();
    let parts: BTreeSet<_> =
        parts.iter().filter(|(name, _)| name.ends_with("_PORT")).map(|(_, port)| port.as_str().unwrap().to_owned()).collect();
    assert_eq!(parts.len(), 4);
    // Names, and HTTPS.
    assert_eq!(out, parts.into_iter().chain(["53".to_owned(), "443".to_owned()]).collect());
}

#[test]
fn the_kubernetes_that_readme_names_take_the_manifests() {
    let readme = text("README.md");
    let (_, versions) = readme.split_once("Kubernetes 1.").unwrap();
    let (first, rest) = versions.split_once(" to 1.").unwrap();
    let last = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    let (first, last): (u32, u32) = (first.parse().unwrap(), last.parse().unwrap());
    assert!(first < last);
    for minor in first..=last {
        let mut command = Command::new(root().join("target/venv/bin/kubernetes-validate"));
        command.args(["--strict", "--quiet", "--kubernetes-version", &format!("1.{minor}")]);
        for (file, _) in manifests() {
            command.arg(root().join("config/kubernetes").join(file));
        }
        let output = command.output().expect("kubernetes-validate is missing; ./test gets it");
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        assert!(output.status.success() && said.is_empty(), "Kubernetes 1.{minor}: {said}");
    }
}
