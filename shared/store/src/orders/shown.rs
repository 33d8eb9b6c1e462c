//! Orders as they are shown: with their details, the worker as she is now, and the rating.

use domain::agency::Standing;
use domain::credit::CreditRules;
use domain::id::{AgencyId, OrderId};
use domain::order::{Order, OrderDetails, OrderView, RatingView, State, Viewer, WorkerView};
use domain::time::Millis;
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
        if let (Some(claim), Some(staffing)) = (order.claim(), order.staffing()) {
            let read = tokio::try_join!(
                self.workers.get(&staffing.worker),
                self.directory.agency(&claim.agency),
            );
            let (worker, agency) = read?;
            let standing = agency.map(|agency| agency.standing);
            if matches!(viewer, Viewer::Claimant(_)) && standing != Some(Standing::Approved) {
                view.hide_home();
            }
            let rules = &self.rules;
            view.worker =
                worker.map(|worker| WorkerView::new(&worker, claim, standing, viewer, now, rules));
        }
        if let State::Rated(_, _, rated) = order.state {
            let sealed = self.orders.rating(&order.id).await?;
            let rating = sealed.map(|sealed| self.seal.open_rating(&order.id, &sealed));
            let rating = rating.transpose()?;
            view.rating = rating.map(|rating| RatingView::new(rating, rated.counts));
        }
        Ok(view)
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
    /// worker is named, and before that nothing is shown that says where the home is.
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
        let (Some(claim), Some(staffing)) = (order.claim(), order.staffing()) else {
            return Ok(order.view(&viewer, None, now));
        };
        let read = tokio::try_join!(
            self.orders.home(&order.id, now),
            self.workers.get(&staffing.worker),
        );
        let (home, worker) = read?;
        let details = home.map(|home| self.seal.open(&order.id, &home.details));
        let mut view = order.view(&viewer, details.transpose()?.as_ref(), now);
        let (approved, rules) = (Some(Standing::Approved), &self.rules);
        view.worker =
            worker.map(|worker| WorkerView::new(&worker, claim, approved, &viewer, now, rules));
        Ok(view)
    }
}
