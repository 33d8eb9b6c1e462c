//! Whom somebody tries the platform with on a local run: agencies that one order reaches, and who would come for each of them.

use domain::service::Service;

use crate::city::{DemoWorker, WorkerKind};
use crate::{AgencyAccess, Demo, StorePlace, WorkerAccess};

/// Agencies around here are offered, because an order is easily placed where they all see it.
const MIDDLE: (f64, f64) = (45.757, 126.642);
const SERVICE: Service = Service::Cleaning;
const OFFERED: usize = 4;

impl Demo {
    /// The agencies that are offered, each with a worker of its own whom it can send.
    pub fn tour(&self) -> Vec<(&AgencyAccess, &WorkerAccess)> {
        let agencies = agencies(&self.agencies).into_iter();
        let agencies = agencies.map(|place| &self.agencies[place]);
        let with_worker = agencies.filter_map(|agency| {
            let is_theirs = |worker: &&WorkerAccess| {
                worker.agency_id == agency.agency_id
                    && worker.kind == WorkerKind::Clear.as_str()
                    && worker.skills.iter().any(|skill| skill == SERVICE.as_str())
            };
            Some((agency, self.workers.iter().find(is_theirs)?))
        });
        with_worker.collect()
    }
}

/// Where the agencies that are offered are in this list, the nearest to the middle first.
pub(crate) fn agencies(all: &[AgencyAccess]) -> Vec<usize> {
    let cleans = |place: &usize| {
        all[*place]
            .services
            .iter()
            .any(|name| name == SERVICE.as_str())
    };
    let mut places: Vec<usize> = (0..all.len()).filter(cleans).collect();
    places.sort_by(|one, other| from_middle(&all[*one]).total_cmp(&from_middle(&all[*other])));
    places.truncate(OFFERED);
    places
}

/// Of an agency's workers, one whom its desk is shown first for an order without wishes.
pub(crate) fn worker(workers: &[DemoWorker], agency: usize) -> Option<&DemoWorker> {
    let able = workers.iter().filter(|worker| {
        worker.agency == agency
            && worker.kind == WorkerKind::Clear
            && worker.skills.contains(SERVICE)
            && worker.skills.len() > 1
    });
    able.max_by_key(|worker| {
        let own = worker.experience.iter().find(|own| own.service == SERVICE);
        own.map(|own| own.years)
    })
}

/// How far the agency's nearest store is from the middle, to compare.
fn from_middle(agency: &AgencyAccess) -> f64 {
    let far = |store: &StorePlace| {
        let degrees = |name: &str| store.location[name].as_f64().unwrap_or_default();
        (degrees("lat") - MIDDLE.0).hypot(degrees("lon") - MIDDLE.1)
    };
    agency.stores.iter().map(far).fold(f64::INFINITY, f64::min)
}
