//! Orders as they are shown: with their details, the worker as she is now, and the rating.

use domain::agency::{Agency, Standing};
use domain::credit::CreditRules;
use domain::id::{AgencyId, OrderId, WorkerId};
use domain::order::{Order, OrderDetails, OrderView, RatingView, State, Viewer, WorkerView};
use domain::stars::StarTally;
use domain::time::Millis;
use domain::worker::Worker;
use settings::Settings;

use crate::{Directory, Error, Orders, SealKey, WorkerRecords};

/// Loads what an order is shown with. It needs the key of details, and no personal data of workers.
#[derive(Debug)]
pub struct OrderViews {
    orders: Orders,
    workers: WorkerRecords,
    directory: Directory,
    seal: SealKey,
    rules: CreditRules,
}

impl OrderViews {
    pub fn new(settings: &Settings) -> Self {
        Self {
            orders: Orders::new(settings),
            workers: WorkerRecords::new(settings),
            directory: Directory::new(settings),
            seal: SealKey::new(settings),
            rules: settings.market().credit,
        }
    }

    /// An order with its details unless they are gone, consistently read.
    ///
    /// # Errors
    /// When they cannot be read or opened.
    pub async fn open(
        &self,
        order: &OrderId,
        now: Millis,
    ) -> Result<Option<(Order, Option<OrderDetails>)>, Error> {
        let Some((order, home)) = self.orders.get_with_home(order, now).await? else {
            return Ok(None);
        };
        let details = home.map(|home| self.seal.open(&order.id, &home.details));
        Ok(Some((order, details.transpose()?)))
    }

    /// An order as `viewer` is shown it, who may see all of it.
    ///
    /// # Errors
    /// When the worker, her agency or the rating cannot be read.
    pub async fn view(
        &self,
        order: &Order,
        viewer: &Viewer,
        details: Option<&OrderDetails>,
        now: Millis,
    ) -> Result<OrderView, Error> {
        let mut view = order.view(viewer, details, now);
        // What became of the order since is not told to an agency that has lost it.
        if let Viewer::Former(agency) = viewer {
            if view.summary.ended.is_none() {
                let lost = self.orders.lost(&order.id, agency).await?;
                view.summary.ended = lost.and_then(|lost| lost.ended());
            }
            return Ok(view);
        }
        let read = tokio::try_join!(
            self.claimant(order, viewer),
            self.named(order),
            self.preferred(order, viewer),
        );
        let (agency, named, preferred) = read?;
        view.preferred_worker_id = preferred;
        let standing = agency.as_ref().map(|agency| agency.standing);
        if let Some((worker, stars)) = named {
            // Nor does one that may not work read any more who came, where to, and what was said of it.
            if let (Viewer::Claimant(agency), true) = (viewer, standing != Some(Standing::Approved))
            {
                return Ok(order.view(&Viewer::Former(agency.clone()), None, now));
            }
            let worker = (&worker, stars);
            view.worker = WorkerView::new(order, worker, standing, viewer, now, &self.rules);
        }
        if let (Viewer::Customer, Some(agency), Some(claim)) =
            (viewer, agency, &mut view.summary.claim)
        {
            claim.stars = agency.stats.stars().view();
            claim.phone = order.staffing().map(|_| agency.phone);
        }
        if let State::Rated(_, _, rated) = order.state {
            let sealed = self.orders.rating(&order.id).await?;
            let rating = sealed.map(|sealed| self.seal.open_rating(&order.id, &sealed));
            let rating = rating.transpose()?;
            view.rating = rating.map(|rating| RatingView::new(rating, rated.counts));
        }
        Ok(view)
    }

    /// The agency that has the claim, where something of it is shown.
    async fn claimant(&self, order: &Order, viewer: &Viewer) -> Result<Option<Agency>, Error> {
        match order.claim() {
            Some(claim) if *viewer == Viewer::Customer || order.staffing().is_some() => {
                self.directory.agency(&claim.agency).await
            }
            _ => Ok(None),
        }
    }

    /// The named worker, with her stars.
    async fn named(&self, order: &Order) -> Result<Option<(Worker, StarTally)>, Error> {
        match order.staffing() {
            Some(staffing) => self.workers.get_with_stars(&staffing.worker).await,
            None => Ok(None),
        }
    }

    /// Whom the customer would like again, for the agency that has the claim, if she still works there.
    async fn preferred(&self, order: &Order, viewer: &Viewer) -> Result<Option<WorkerId>, Error> {
        let Viewer::Claimant(agency) = viewer else {
            return Ok(None);
        };
        let Some(wanted) = order.preferred_of(agency) else {
            return Ok(None);
        };
        let worker = self.workers.get(wanted).await?;
        let worker = worker.filter(|worker| worker.agency == *agency && !worker.is_erased);
        Ok(worker.map(|worker| worker.id))
    }

    /// An order that its customer has just changed, as the customer is shown it.
    ///
    /// # Errors
    /// When something that it is shown with cannot be read.
    pub async fn view_changed(&self, order: &Order, now: Millis) -> Result<OrderView, Error> {
        let found = self.open(&order.id, now).await?;
        let (_, details) = found.ok_or(Error::wrong("an order is gone"))?;
        self.view(order, &Viewer::Customer, details.as_ref(), now)
            .await
    }

    /// An order as the agency is shown it that has the claim, which was found to be approved. It takes reads only where a
    /// worker is named or wanted, and before that nothing is shown that says where the home is.
    ///
    /// # Errors
    /// When the worker cannot be read, or the details cannot be opened.
    pub async fn view_claimed(
        &self,
        order: &Order,
        agency: &AgencyId,
        now: Millis,
    ) -> Result<OrderView, Error> {
        let viewer = Viewer::Claimant(agency.clone());
        let home = async {
            match order.staffing() {
                Some(_) => self.orders.home(&order.id, now).await,
                None => Ok(None),
            }
        };
        let read = tokio::try_join!(home, self.named(order), self.preferred(order, &viewer));
        let (home, named, preferred) = read?;
        let details = home.map(|home| self.seal.open(&order.id, &home.details));
        let mut view = order.view(&viewer, details.transpose()?.as_ref(), now);
        view.preferred_worker_id = preferred;
        let (approved, rules) = (Some(Standing::Approved), &self.rules);
        view.worker = named.and_then(|(worker, stars)| {
            WorkerView::new(order, (&worker, stars), approved, &viewer, now, rules)
        });
        Ok(view)
    }
}
