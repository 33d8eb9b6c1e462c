//! Makes the offers of one order.
//!
//! A `fan_out` message says that an order is on offer. One Query of the order's own cell finds every agency in range;
//! wider radii are read only if nobody is there. One write on the order then records the fan-out; it is refused if
//! the order is no longer open in this epoch. Only after that does each agency get its offer, in its own queue. An
//! order with more than [`Offers::MOST`] offers goes back to the queue in several `offers` messages, so that a
//! failure repeats at most that many.
//!
//! Everything here may happen twice: an agency then sees the same offer again, with the same token.

mod offering;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use bus::{FanOut, FanOutMessage, FanOutQueue, Offer, OfferQueues, OfferTo, Offers};
use calls::Error;
use domain::claim_token::{ClaimTokenKeys, KEY_LABEL};
use domain::geo::{Nearest, Wgs84};
use domain::id::{AgencyId, StoreId};
use domain::market::Market;
use domain::order::SealedPlace;
use domain::time::Millis;
use futures::{StreamExt, stream};
use runtime::problem::chain;
use runtime::queue::each;
use settings::{Clock, ConfigError, Settings};
use store::{Directory, FannedOut, Listing, Orders, PlaceKey};

/// How many offers are sent at the same time; that many connections are kept alive.
const SENDS_AT_ONCE: usize = 16;

/// When to look again for an epoch whose message arrived before its write.
const NOT_YET_DELAY: Duration = Duration::from_secs(2);

pub struct AgencyFanout {
    orders: Orders,
    directory: Directory,
    fan_out: FanOutQueue,
    offers: OfferQueues,
    tokens: ClaimTokenKeys,
    places: PlaceKey,
    market: Market,
    clock: Clock,
}

/// The agencies in range, and the radius in metres at which they were found.
struct InRange {
    radius_m: u32,
    agencies: BTreeMap<AgencyId, Nearest<StoreId>>,
}

impl AgencyFanout {
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        settings.finish(Self {
            orders: Orders::new(settings),
            directory: Directory::new(settings),
            fan_out: FanOutQueue::new(settings),
            offers: OfferQueues::new(settings),
            // Tokens are only minted here, so the previous key is not needed.
            tokens: ClaimTokenKeys::new(&settings.key("CLAIM_TOKEN_KEY", KEY_LABEL), None),
            places: PlaceKey::new(settings),
            market: settings.market(),
            clock: settings.clock(),
        })
    }

    /// Handles a batch of the fan-out queue; messages that failed come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        each(event, 1, |message| self.record(message)).await
    }

    async fn record(&self, message: SqsMessage) -> Result<(), Error> {
        match FanOutMessage::parse(&message.body.unwrap_or_default())? {
            FanOutMessage::FanOut(order) => self.fan_out(order).await,
            FanOutMessage::Offers(offers) => self.offer(&offers).await,
        }
    }

    /// Finds who is in range, records the fan-out on the order, and makes the offers.
    async fn fan_out(&self, message: FanOut) -> Result<(), Error> {
        let now = self.clock.now();
        if now >= message.deadline {
            tracing::info!(order.id = %message.order_id, epoch = message.epoch, "it is too late to offer this order");
            return Ok(());
        }
        let Some((sealed, excluded)) = self.place_and_excluded(&message, now).await? else {
            return self.not_yet(message).await;
        };
        let place = self.places.open(&message.order_id, &sealed)?;
        let found = self.in_range(&message, place, &excluded).await?;
        let agencies = u32::try_from(found.agencies.len()).unwrap_or(u32::MAX);
        let listing = Listing::new(place, sealed, found.radius_m, &self.market);
        let (order, epoch) = (&message.order_id, message.epoch);
        let marked = self
            .orders
            .mark_fanned_out(order, epoch, now, agencies, &listing)
            .await?;
        let order = match marked {
            FannedOut::Now(order) | FannedOut::Before(order) => order,
            FannedOut::NotYet => return self.not_yet(message).await,
            FannedOut::Over => {
                tracing::info!(order.id = %message.order_id, epoch = message.epoch, "the order is not open any more");
                return Ok(());
            }
        };
        // A repeated release can have moved the deadline since this message was sent; the one on the order counts.
        let message = FanOut {
            deadline: order.grab_deadline,
            radius_m: found.radius_m,
            place: None,
            ..message
        };
        let offers = offering::lines(&found.agencies, &order.excluded, &message.area);
        tracing::info!(
            order.id = %message.order_id,
            epoch = message.epoch,
            radius_m = found.radius_m,
            offers = offers.len(),
            "an order went on offer"
        );
        if offers.len() <= Offers::MOST {
            return self.send(&message, &offers).await;
        }
        for batch in offers.chunks(Offers::MOST) {
            let batch = Offers {
                fan_out: message.clone(),
                offers: batch.to_vec(),
            };
            self.fan_out.send(batch, Duration::ZERO).await?;
        }
        Ok(())
    }

    /// Makes the offers of one part of a larger fan-out.
    async fn offer(&self, batch: &Offers) -> Result<(), Error> {
        if self.clock.now() >= batch.fan_out.deadline {
            tracing::info!(order.id = %batch.fan_out.order_id, epoch = batch.fan_out.epoch, "it is too late to offer this order");
            return Ok(());
        }
        self.send(&batch.fan_out, &batch.offers).await
    }

    /// The agencies in range within the market's radius, or else the first wider one that has any.
    async fn in_range(
        &self,
        message: &FanOut,
        place: Wgs84,
        excluded: &BTreeSet<AgencyId>,
    ) -> Result<InRange, store::Error> {
        let mut found = InRange {
            radius_m: message.radius_m,
            agencies: BTreeMap::new(),
        };
        let wider = self.market.widening_m.iter().copied();
        for radius_m in std::iter::once(message.radius_m).chain(wider) {
            let mut agencies = self
                .directory
                .in_range(place, message.service, radius_m, self.market.radius_m)
                .await?;
            agencies.retain(|agency, _| !excluded.contains(agency));
            found = InRange { radius_m, agencies };
            if !found.agencies.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Where the order is, and the agencies that its earlier epochs excluded; `None` until this epoch is written. Only the
    /// first epoch, which excludes nobody, needs no read.
    async fn place_and_excluded(
        &self,
        message: &FanOut,
        now: Millis,
    ) -> Result<Option<(SealedPlace, BTreeSet<AgencyId>)>, store::Error> {
        if let Some(place) = &message.place {
            return Ok(Some((place.clone(), BTreeSet::new())));
        }
        let found = self.orders.get_with_home(&message.order_id, now).await?;
        Ok(match found {
            Some((order, Some(home))) if order.epoch >= message.epoch => {
                Some((home.place, order.excluded))
            }
            _ => None,
        })
    }

    /// Comes back for an epoch whose write is still missing. This ends with the epoch's deadline.
    async fn not_yet(&self, message: FanOut) -> Result<(), Error> {
        tracing::info!(order.id = %message.order_id, epoch = message.epoch, "the order is not on offer yet");
        self.fan_out.send(message, NOT_YET_DELAY).await?;
        Ok(())
    }

    /// Puts each offer into its agency's own queue. If one fails, the others are sent all the same.
    async fn send(&self, order: &FanOut, offers: &[OfferTo]) -> Result<(), Error> {
        let sends = offers.iter().map(|line| async move {
            let agency = &line.agency_id;
            let token = self.tokens.mint(&order.order_id, order.epoch, agency);
            let offer = Offer::open(order, line, token);
            match self.offers.send(agency, &offer).await {
                Ok(()) => 0,
                Err(Error::NoSuchQueue) => {
                    tracing::warn!(
                        order.id = %order.order_id,
                        agency.id = %agency,
                        "an agency has no queue for its offer"
                    );
                    0
                }
                Err(error) => {
                    tracing::warn!(
                        order.id = %order.order_id,
                        agency.id = %agency,
                        error = chain(&error),
                        "an offer was not sent"
                    );
                    1
                }
            }
        });
        let failed = stream::iter(sends.collect::<Vec<_>>())
            .buffer_unordered(SENDS_AT_ONCE)
            .fold(0, |sum, failed| std::future::ready(sum + failed))
            .await;
        if failed == 0 {
            Ok(())
        } else {
            let all = offers.len();
            Err(Error::cut_off(
                "SendMessage",
                format!("{failed} of {all} offers were not sent"),
            ))
        }
    }
}
