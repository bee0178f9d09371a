//! The images as an engine builds and runs them, without an engine: buildah builds the last stages of the Dockerfile around the binaries
//! that are there, and they run as the image says, on its files, which nobody can change. (`just images` builds all of it, and weighs it.)

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use cheapbob_test_support::{
    Api, MailSink, RealServer, S3Server, SinkTls, TestDatabase, eventually, fresh_email, mongo_settings, redis_url, store,
};
use image::ImageFormat;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::images::{picture, upload};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A command as root, who alone may build and mount images.
fn as_root(program: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo -n "$@"; fi"#, "sh", program]).stdin(Stdio::null());
    command
}

fn done(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?}: {status}\n{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

/// buildah's store, of which nothing is left in the end.
struct Images(tempfile::TempDir);

impl Drop for Images {
    fn drop(&mut self) {
        // Its files are root's.
        let _ = as_root("rm").arg("-rf").arg(self.0.path()).status();
    }
}

impl Images {
    /// Both, around the binaries that the tests use, on the base that `./test` has made.
    fn build() -> Self {
        let images = Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        let built = images.0.path().join("built/out");
        std::fs::create_dir_all(&built).unwrap();
        for binary in ["cheapbob-http", "cheapbob-jobs"] {
            done(Command::new("strip").arg("-o").arg(built.join(binary)).arg(RealServer::binary(binary)));
        }
        let base = root().join("target/image-base.tar");
        let container = images.buildah(&["from", "scratch"]);
        images.buildah(&["add", "--quiet", &container, base.to_str().unwrap(), "/"]);
        images.buildah(&["commit", "--quiet", "--rm", &container, "localhost/base"]);
        let stage = format!("build={}", built.parent().unwrap().display());
        for target in ["http", "jobs"] {
            let arguments = ["build", "--quiet", "--isolation", "chroot", "--format", "docker", "--build-arg", "BASE=localhost/base"];
            let ours = ["--build-context", &stage, "--target", target, "--tag", target, root().to_str().unwrap()].map(str::to_owned);
            images.buildah(&arguments.iter().copied().chain(ours.iter().map(String::as_str)).collect::<Vec<_>>());
        }
        images
    }

    fn buildah(&self, arguments: &[&str]) -> String {
        let folder = |name: &str| self.0.path().join(name);
        let mut command = as_root("env");
        command.arg(format!("TMPDIR={}", self.0.path().display())).args(["buildah", "--storage-driver", "vfs", "--root"]);
        done(command.arg(folder("store")).arg("--runroot").arg(folder("run")).args(arguments))
    }

    fn container(&self, image: &str) -> Container {
        let inspected: Value = serde_json::from_str(&self.buildah(&["inspect", "--type", "image", image])).unwrap();
        let container = self.buildah(&["from", image]);
        Container { config: inspected["Docker"]["config"].clone(), files: self.buildah(&["mount", &container]).into() }
    }
}

/// What an image is run with.
struct Container {
    config: Value,
    files: PathBuf,
}

/// In a mount namespace of its own: the image's files, read-only, with the machine's /proc and /dev, and a /tmp that can be written to, as
/// an engine does it.
const READ_ONLY: &str = r#"
files=$1 user=$2
shift 2
mount --bind "$files" "$files"
for folder in proc dev; do mkdir -p "$files/$folder" && mount --rbind "/$folder" "$files/$folder"; done
mkdir -p "$files/tmp"
mount -o remount,bind,ro "$files"
if touch "$files/written" 2>/dev/null; then echo "the root is not read-only" >&2; exit 1; fi
mount -t tmpfs -o size=256m,mode=1777 tmpfs "$files/tmp"
exec env -i "$@"
"#;

impl Container {
    fn words(&self, key: &str) -> Vec<String> {
        self.config[key].as_array().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// These words as the image's user, with its environment and these settings over it.
    fn command(&self, words: &[String], settings: &[(&str, String)]) -> Command {
        let user = self.config["User"].as_str().unwrap();
        let mut command = as_root("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-ec", READ_ONLY, "sh"]).arg(&self.files).arg(user);
        command.args(self.words("Env")).args(settings.iter().map(|(name, value)| format!("{name}={value}")));
        command.args(["setpriv", "--no-new-privs", "chroot", "--groups=", &format!("--userspec={user}")]).arg(&self.files).args(words);
        command
    }

    /// What it says, started with these arguments in place of the image's own.
    fn run(&self, arguments: &[&str], settings: &[(&str, String)]) -> Output {
        let words: Vec<_> = self.words("Entrypoint").into_iter().chain(arguments.iter().map(|&word| word.to_owned())).collect();
        self.command(&words, settings).output().unwrap()
    }

    fn start(&self, settings: &[(&str, String)]) -> Running {
        let words: Vec<_> = self.words("Entrypoint").into_iter().chain(self.words("Cmd")).collect();
        Running(self.command(&words, settings).spawn().unwrap())
    }

    /// Whether the image's health check is content.
    fn is_healthy(&self, settings: &[(&str, String)]) -> bool {
        let check = self.config["Healthcheck"]["Test"].as_array().unwrap();
        assert_eq!(check[0], "CMD");
        let words: Vec<_> = check[1..].iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        self.command(&words, settings).output().unwrap().status.success()
    }
}

/// A container's process; it ends with this value, as an engine ends it.
struct Running(Child);

impl Running {
    fn terminate(&mut self) -> ExitStatus {
        // sudo passes the signal on, where that is in between.
        let _ = as_root("kill").arg(self.0.id().to_string()).status();
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.terminate();
        }
    }
}

/// Production's, on the run's own servers.
fn production(database: &TestDatabase, storage: &S3Server, mails: &MailSink) -> Vec<(&'static str, String)> {
    let (mongo, bucket) = (mongo_settings(), storage.settings());
    let mut settings = vec![
        ("DATABASE_URL", database.url()),
        ("REDIS_URL", redis_url()),
        ("MONGODB_URI", mongo.uri.expose_secret().to_owned()),
        ("MONGODB_NAME", mongo.database.unwrap()),
        ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET_KEY.to_owned()),
        ("AWS_REGION", bucket.region),
        ("AWS_S3_BUCKET_NAME", bucket.bucket),
        ("AWS_S3_ENDPOINT_URL", bucket.endpoint.unwrap().to_string()),
        ("SUPER_ADMIN_SMTP_HOST", "127.0.0.1".to_owned()),
        ("SUPER_ADMIN_SMTP_PORT", mails.port.to_string()),
        ("SUPER_ADMIN_SMTP_EMAIL", "no-reply@cheapbob.example".to_owned()),
        ("SUPER_ADMIN_SMTP_TLS", "none".to_owned()),
        ("VAPID_PRIVATE_KEY", "RS0WdYWWo1HajXg3NZR1olzCf31i-ZBGDkFyCs7j1jw".to_owned()),
        ("FRONTEND_URL", "https://app.cheapbob.example".to_owned()),
        ("OAUTH_REDIRECT_BASE_URL", "https://api.cheapbob.example".to_owned()),
        ("JWT_SECRET", ulid::Ulid::r#gen().to_string().repeat(2)),
        ("CHEAPBOB_SECRET_KEYS", "k:c2V2ZW50eS1mb3VyIG1pbnV0ZXMgcGFzdCBub29uISE=".to_owned()),
    ];
    let clients =
        ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "KAKAO_CLIENT_ID", "KAKAO_CLIENT_SECRET", "NAVER_CLIENT_ID", "NAVER_CLIENT_SECRET"];
    settings.extend(clients.map(|name| (name, "x".to_owned())));
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn the_images_run_as_nobody_on_a_root_that_nobody_can_change() {
    let images = Images::build();
    let (http, jobs) = (images.container("http"), images.container("jobs"));
    for container in [&http, &jobs] {
        assert_eq!(container.config["User"], "65532:65532");
    }

    // Production unless something else is said: no fakes, and so no start.
    let refused = http.run(&["--no-jobs"], &[]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("JWT_SECRET is required in production"), "{said}");

    let (database, storage, mails) = (TestDatabase::create().await, S3Server::start().await, MailSink::start(SinkTls::Relay).await);
    let settings = production(&database, &storage, &mails);
    // compose migrates again until this is content.
    let mut nowhere = settings.clone();
    nowhere.push(("DATABASE_URL", "postgres://cheapbob@127.0.0.1:1/cheapbob".to_owned()));
    assert_eq!(jobs.run(&["migrate"], &nowhere).status.code(), Some(1));
    let migrated = jobs.run(&["migrate"], &settings);
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));

    for (image, container) in [("http", &http), ("jobs", &jobs)] {
        let port = RealServer::free_port();
        let mut settings = settings.clone();
        settings.extend([("PORT", port.to_string()), ("METRICS_PORT", RealServer::free_port().to_string())]);
        assert!(!container.is_healthy(&settings), "{image}: nothing runs yet");
        let mut running = container.start(&settings);
        eventually(&format!("{image} is healthy"), 60, || {
            assert!(running.0.try_wait().unwrap().is_none(), "{image} ended");
            std::future::ready(container.is_healthy(&settings).then_some(()))
        })
        .await;
        if image == "http" {
            let ready = reqwest::get(format!("http://127.0.0.1:{port}/health/ready")).await.unwrap();
            assert_eq!(ready.status(), 200, "{}", ready.text().await.unwrap());
        }
        let ended = running.terminate();
        assert!(ended.success(), "{image}: {ended}");
    }

    // A picture needs a file and a process of its own. (Who may log in without a provider? In development whoever wants.)
    let port = RealServer::free_port();
    let development = [
        ("ENVIRONMENT", "development".to_owned()),
        ("ALLOW_EXPOSED_DEVELOPMENT", "true".to_owned()),
        ("PORT", port.to_string()),
        ("METRICS_PORT", "0".to_owned()),
        ("DATABASE_URL", database.url()),
        ("CHEAPBOB_DATA_DIR", "/tmp".to_owned()),
    ];
    let mut running = http.start(&development);
    eventually("http is healthy", 60, || std::future::ready(http.is_healthy(&development).then_some(()))).await;
    let api = Api::new(&format!("http://localhost:{port}"));
    let seller = api.person("seller", &fresh_email()).await;
    seller.post("/api/v1/seller/store/register", &store("가게")).await.expect(201);
    let pictures = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(picture);
    assert_eq!(upload(&seller, "/api/v1/seller/store/register/images", &pictures).await.expect(201)["total"], 3);
    assert!(running.terminate().success());
}
