//! Fetches what the rig runs: Kafka's jars by Maven into the cache, Redis by the Debian package.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cache;
use crate::{Error, Result};

/// Version of Apache Kafka that the rig runs unless it is told another.
pub(crate) const KAFKA_VERSION: &str = "4.3.1";

const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>kefu</groupId>
  <artifactId>rig-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>KAFKA_VERSION</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
      <scope>runtime</scope>
    </dependency>
  </dependencies>
</project>
"#;

/// Makes sure that Kafka and Redis can be started; fetches what is missing and says so on standard error.
///
/// Kafka needs `java` on the PATH, and `mvn` the first time. Redis is installed only by root with `apt-get`.
pub fn ensure_installed() -> Result<()> {
    kafka_libraries(KAFKA_VERSION)?;
    redis_server().map(drop)
}

/// Folder with the jars of a version of Kafka, fetched when missing.
pub(crate) fn kafka_libraries(version: &str) -> Result<PathBuf> {
    let name = if version == KAFKA_VERSION { "kafka-libs".to_owned() } else { format!("kafka-libs-{version}") };
    let libraries = cache::root()?.join(name);
    if has_kafka(&libraries, version) {
        return Ok(libraries);
    }
    cache::exclusively("install-kafka", || {
        if !has_kafka(&libraries, version) {
            fetch_kafka(&libraries, version)?;
        }
        Ok(libraries)
    })
}

fn has_kafka(libraries: &Path, version: &str) -> bool {
    libraries.join(format!("kafka_2.13-{version}.jar")).is_file()
}

/// Fetches into a side folder and renames it, so that an interrupted fetch is never taken for a complete one.
fn fetch_kafka(libraries: &Path, version: &str) -> Result<()> {
    let project = cache::root()?.join("kafka-fetch");
    let fetched = project.join("libs");
    remove_folder(&project)?;
    remove_folder(libraries)?;
    fs::create_dir_all(&project).map_err(Error::io(format!("create {}", project.display())))?;
    let pom = project.join("pom.xml");
    fs::write(&pom, POM.replace("KAFKA_VERSION", version)).map_err(Error::io(format!("write {}", pom.display())))?;
    eprintln!("rig: fetching Apache Kafka {version} with mvn into {}", libraries.display());
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]);
    maven.arg("-f").arg(&pom).arg(format!("-DoutputDirectory={}", fetched.display()));
    run(&mut maven, "install Maven, or set KEFU_RIG_CACHE to a folder that has kafka-libs")?;
    fs::rename(&fetched, libraries).map_err(Error::io(format!("rename {}", fetched.display())))?;
    remove_folder(&project)
}

/// Path of `redis-server`, installed when missing.
pub(crate) fn redis_server() -> Result<PathBuf> {
    if let Some(found) = on_path("redis-server") {
        return Ok(found);
    }
    cache::exclusively("install-redis", || {
        if on_path("redis-server").is_none() {
            install_redis()?;
        }
        on_path("redis-server").ok_or_else(|| {
            Error::Install("the package redis-server is installed, but redis-server is not on the PATH".into())
        })
    })
}

fn install_redis() -> Result<()> {
    if !is_root() || on_path("apt-get").is_none() {
        let how = "redis-server is not on the PATH; install Redis 7 or later (on Debian: apt-get install redis-server)";
        return Err(Error::Install(how.into()));
    }
    eprintln!("rig: installing the Debian package redis-server with apt-get");
    let hint = "install redis-server by hand";
    run(Command::new("apt-get").args(["-qq", "update"]), hint)?;
    let mut install = Command::new("apt-get");
    install.args(["-qq", "-y", "--no-install-recommends", "install", "redis-server"]);
    // Run level 1 keeps the package from starting a server of its own.
    run(install.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1"), hint)
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// Runs a command to its end; on failure the error holds its output and the `hint`.
pub(crate) fn run(command: &mut Command, hint: &str) -> Result<()> {
    let program = command.get_program().display().to_string();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::Install(format!("cannot run {program}: {error}; {hint}")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    Err(Error::Install(format!("{program} failed ({}); {hint}; its output:\n{}", output.status, text.trim_end())))
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}
