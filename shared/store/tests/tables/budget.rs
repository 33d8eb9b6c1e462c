//! What the tables' items and writes cost, by DynamoDB's rules.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};
use domain::geo::{Cell4, Cell5};
use domain::order::GrabOutcome;
use store::{Cell, CellStore, Directory, FannedOut, Orders};

use crate::world::{
    DIRECTORY, NOW, ORDERS, World, agency, listing, order, owner, place, place_of, settings,
    staff_by,
};

/// Asks for the consumed capacity of every call, and keeps it.
#[derive(Clone, Debug, Default)]
struct Meter(Arc<Mutex<Vec<(f64, f64)>>>);

impl Meter {
    /// Units of the table and of its indexes since last asked.
    fn take(&self) -> (f64, f64) {
        let calls = std::mem::take(&mut *self.0.lock().unwrap());
        calls
            .iter()
            .fold((0.0, 0.0), |sum, call| (sum.0 + call.0, sum.1 + call.1))
    }

    fn add(&self, capacity: &ConsumedCapacity) {
        let total = capacity.capacity_units().unwrap_or_default();
        let table = capacity
            .table()
            .and_then(|table| table.capacity_units())
            .unwrap_or(total);
        self.0.lock().unwrap().push((table, total - table));
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        let wanted = Some(ReturnConsumedCapacity::Indexes);
        if let Some(input) = input.downcast_mut::<UpdateItemInput>() {
            input.return_consumed_capacity = wanted;
        } else if let Some(input) = input.downcast_mut::<TransactWriteItemsInput>() {
            input.return_consumed_capacity = wanted;
        } else if let Some(input) = input.downcast_mut::<QueryInput>() {
            input.return_consumed_capacity = wanted;
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Ok(output)) = context.output_or_error() else {
            return Ok(());
        };
        if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
            output
                .consumed_capacity()
                .into_iter()
                .for_each(|capacity| self.add(capacity));
        } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            output
                .consumed_capacity()
                .iter()
                .for_each(|capacity| self.add(capacity));
        } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
            output
                .consumed_capacity()
                .into_iter()
                .for_each(|capacity| self.add(capacity));
        }
        Ok(())
    }
}

fn metered(world: &World) -> (Client, Meter) {
    let meter = Meter::default();
    let config = world
        .client
        .config()
        .to_builder()
        .interceptor(meter.clone())
        .build();
    (Client::from_conf(config), meter)
}

/// The size of an item in bytes, as DynamoDB counts it: names and values in UTF-8; numbers a byte for two digits
/// and one more; lists and maps 3 bytes, and one for each element.
fn size(item: &HashMap<String, AttributeValue>) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + value_size(value))
        .sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.trim_start_matches('-').len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::L(values) => {
            3 + values
                .iter()
                .map(|value| 1 + value_size(value))
                .sum::<usize>()
        }
        AttributeValue::M(values) => 3 + values.len() + size(values),
        other => panic!("an attribute of a kind that is not used: {other:?}"),
    }
}

#[tokio::test]
async fn an_order_from_placed_to_claimed_costs_eight_units_and_four_of_indexes() {
    let world = World::new().await;
    let (client, meter) = metered(&world);
    let orders = Orders::new(&settings(&client));
    let order = order(1);
    assert!(place_of(&orders, &order).await);
    let placed = meter.take();
    assert_eq!(
        placed,
        (6.0, 1.0),
        "a transaction of three puts, and one index"
    );

    let marked = orders
        .mark_fanned_out(&order.id, 1, NOW, 62, &listing())
        .await
        .unwrap();
    assert!(matches!(marked, FannedOut::Now(_)));
    let fanned_out = meter.take();
    assert_eq!(
        fanned_out,
        (1.0, 1.0),
        "the fan-out write lists it among those on offer"
    );

    // The longest name that registration takes, in Chinese.
    let name = "家".repeat(60);
    let grabbed = orders
        .grab(&order.id, 1, &owner(1), &name, || NOW, staff_by)
        .await
        .unwrap();
    assert_eq!(grabbed.unwrap().outcome, GrabOutcome::Won);
    // The claim enters the agency's index, and leaves that of orders on offer; the customer's has nothing that changes.
    assert_eq!(meter.take(), (1.0, 2.0));

    let item = raw(&world, ORDERS, order.id.bare(), "order").await;
    assert!(size(&item) <= 1024, "{} bytes", size(&item));
}

#[tokio::test]
async fn a_store_in_a_cell_takes_ninety_bytes_at_most() {
    let world = World::new().await;
    for n in 0..77 {
        let store = CellStore {
            agency: agency(n),
            store: domain::id::StoreId::from_bytes(&[n; 8]),
            at: place(),
            services: domain::service::ServiceSet::all(),
            radius_m: 20_000,
            version: 999_999_999,
        };
        for cell in [
            Cell::Disc(Cell5::containing(place())),
            Cell::Home(Cell4::containing(place())),
        ] {
            world.directory.put_cell(&cell, &store).await.unwrap();
        }
    }
    let pk = format!("C#{}", Cell5::containing(place()).as_str());
    let sk = format!(
        "{}#{}",
        agency(1).bare(),
        domain::id::StoreId::from_bytes(&[1; 8]).bare()
    );
    let item = raw(&world, DIRECTORY, &pk, &sk).await;
    assert!(size(&item) <= 90, "{} bytes", size(&item));

    let (client, meter) = metered(&world);
    let directory = Directory::new(&settings(&client));
    assert_eq!(
        directory
            .stores_in_cell5(&Cell5::containing(place()))
            .await
            .unwrap()
            .len(),
        77
    );
    assert!(meter.take().0 <= 2.0, "one Query of at most 2 read units");
}

async fn raw(world: &World, table: &str, pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    let found = world
        .client
        .get_item()
        .table_name(table)
        .key("pk", AttributeValue::S(pk.to_owned()))
        .key("sk", AttributeValue::S(sk.to_owned()))
        .send()
        .await
        .unwrap();
    found.item.unwrap()
}
