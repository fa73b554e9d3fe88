//! The instances of all services: started, killed, frozen, more and fewer of them.
//!
//! Owns the processes, and starts again what ends by itself, as whatever runs containers would.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::process::Running;
use crate::{SERVICES, wait_until};

use super::ended::{Ended, How};
use super::site::Access;

/// The number of instances a service begins with, and those it is scaled to in turn.
const INSTANCES: usize = 3;
const SCALED: [usize; 4] = [1, 4, 2, 3];
/// How long all of them may take to be ready at first.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// How long an instance may take to end when it is told to.
const LEAVES_WITHIN: Duration = Duration::from_secs(60);

/// A service, and the number of an instance of it.
pub(super) type Place = (usize, usize);

/// An instance.
struct Member {
    running: Running,
    frozen: bool,
}

/// All instances.
pub(super) struct Fleet {
    access: Access,
    members: BTreeMap<Place, Member>,
    leaving: BTreeMap<Place, (Running, Instant)>,
    wanted: [usize; SERVICES.len()],
    /// How often each service was scaled.
    scaled: [usize; SERVICES.len()],
    /// What went wrong and was not told yet.
    ended: Vec<Ended>,
}

impl Fleet {
    /// Starts all services and waits until they are ready.
    pub(super) fn start(access: Access) -> Self {
        let mut fleet = Self {
            access,
            members: BTreeMap::new(),
            leaving: BTreeMap::new(),
            wanted: [INSTANCES; SERVICES.len()],
            scaled: [0; SERVICES.len()],
            ended: Vec::new(),
        };
        wait_until("all instances are ready", READY_WITHIN, || {
            // while the broker is busy some give up, and are started again
            fleet.see_off();
            fleet.members.values().all(|member| member.running.is_ready())
        });
        fleet
    }

    fn start_missing(&mut self) {
        for (service, wanted) in self.wanted.into_iter().enumerate() {
            for instance in 0..wanted {
                let place = (service, instance);
                // two processes of one name would fight
                if !self.leaving.contains_key(&place) && !self.members.contains_key(&place) {
                    let running = self.access.serve(service, instance);
                    self.members.insert(place, Member { running, frozen: false });
                }
            }
        }
    }

    /// The instance that `choice` falls on; none if it stands still already.
    fn chosen(&mut self, service: usize, choice: u64) -> Option<(Place, &mut Member)> {
        let count = self.wanted.get(service).copied().unwrap_or(1) as u64;
        let place = (service, usize::try_from(choice % count.max(1)).unwrap_or(0));
        self.members.get_mut(&place).filter(|member| !member.frozen).map(|member| (place, member))
    }

    /// Kills an instance and starts it again; gives its name.
    pub(super) fn kill(&mut self, service: usize, choice: u64) -> Option<String> {
        let (place, member) = self.chosen(service, choice)?;
        member.running.kill();
        let name = member.running.name().to_owned();
        self.members.remove(&place);
        self.start_missing();
        Some(name)
    }

    /// Freezes an instance; gives which, and its name.
    pub(super) fn freeze(&mut self, service: usize, choice: u64) -> Option<(Place, String)> {
        let (place, member) = self.chosen(service, choice)?;
        member.running.signal("STOP");
        member.frozen = true;
        Some((place, member.running.name().to_owned()))
    }

    /// Lets a frozen instance go on.
    pub(super) fn thaw(&mut self, place: Place) {
        if let Some(member) = self.members.get_mut(&place) {
            member.running.signal("CONT");
            member.frozen = false;
        }
    }

    /// Gives a service its next number of instances; gives from how many to how many. None while one of them stands
    /// still or leaves.
    pub(super) fn scale(&mut self, service: usize) -> Option<(usize, usize)> {
        let frozen = |(of, member): (&Place, &Member)| of.0 == service && member.frozen;
        if self.members.iter().any(frozen) || self.leaving.keys().any(|(of, _)| *of == service) {
            return None;
        }
        let (wanted, scaled) = (self.wanted.get_mut(service)?, self.scaled.get_mut(service)?);
        let (before, to) = (*wanted, SCALED.get(*scaled % SCALED.len()).copied().unwrap_or(INSTANCES));
        (*wanted, *scaled) = (to, *scaled + 1);
        for instance in to..before {
            if let Some(member) = self.members.remove(&(service, instance)) {
                member.running.signal("TERM");
                self.leaving.insert((service, instance), (member.running, Instant::now()));
            }
        }
        self.start_missing();
        Some((before, to))
    }

    /// Starts again what ended by itself, and sees off what leaves; gives what went wrong.
    pub(super) fn look_after(&mut self) -> Vec<Ended> {
        self.see_off();
        std::mem::take(&mut self.ended)
    }

    fn see_off(&mut self) {
        let ended = &mut self.ended;
        self.members.retain(|_, member| {
            let status = if member.frozen { None } else { member.running.ended() };
            ended.extend(status.map(|status| Ended::of(&member.running, How::ByItself(status))));
            status.is_none()
        });
        self.leaving.retain(|_, (running, since)| {
            let how = match running.ended() {
                Some(status) if status.success() => return false,
                Some(status) => How::Badly(status),
                None if since.elapsed() > LEAVES_WITHIN => How::NotWhenTold,
                None => return true,
            };
            ended.push(Ended::of(running, how));
            // dropped, and so killed
            false
        });
        self.start_missing();
    }
}
