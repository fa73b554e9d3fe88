//! Loopback ports that no other rig on this machine uses.
//!
//! A port is reserved by a file lock for as long as its service exists, also while the service is down between a kill
//! and a restart. Ports lie below the range from which the kernel serves outgoing connections.

use std::env;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use crate::{Error, Result};

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A loopback port reserved until dropped.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _reservation: File,
}

impl Port {
    /// Reserves a port on which nothing listens now.
    pub(crate) fn reserve() -> Result<Self> {
        let locks = env::temp_dir().join("kefu-rig-ports");
        fs::create_dir_all(&locks).map_err(Error::io(format!("create {}", locks.display())))?;
        // A random start keeps concurrent test programs apart; the lock decides when they meet.
        let start = RandomState::new().hash_one(std::process::id()) % u64::from(COUNT);
        for offset in 0..u64::from(COUNT) {
            let Ok(index) = u16::try_from((start + offset) % u64::from(COUNT)) else { continue };
            let number = FIRST + index;
            let path = locks.join(number.to_string());
            let file = File::create(&path).map_err(Error::io(format!("create {}", path.display())))?;
            if file.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _reservation: file });
            }
        }
        Err(Error::NoFreePort)
    }

    /// The port's number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}
