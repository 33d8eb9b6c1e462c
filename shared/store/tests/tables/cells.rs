//! Stores by cell: a newer version always wins, however late an older one is written.

use domain::geo::{Cell4, Cell5};
use domain::id::StoreId;
use domain::service::ServiceSet;
use store::{Cell, CellStore};

use crate::world::{NOW, World, agency, place};

fn cell() -> Cell {
    Cell::Disc(Cell5::containing(place()))
}

fn cell_store(agency_n: u8, version: u64) -> CellStore {
    CellStore {
        agency: agency(agency_n),
        store: StoreId::from_bytes(&[agency_n; 8]),
        at: place(),
        services: ServiceSet::all(),
        radius_m: 5000,
        version,
    }
}

async fn stores(world: &World) -> Vec<CellStore> {
    world
        .directory
        .stores_in_cell5(&Cell5::containing(place()))
        .await
        .unwrap()
}

#[tokio::test]
async fn an_older_version_never_overwrites_a_newer_one() {
    let world = World::new().await;
    let directory = &world.directory;
    assert!(
        directory
            .put_cell(&cell(), &cell_store(1, 3))
            .await
            .unwrap()
    );
    assert!(
        !directory
            .put_cell(&cell(), &cell_store(1, 2))
            .await
            .unwrap()
    );
    assert!(
        !directory
            .put_cell(&cell(), &cell_store(1, 3))
            .await
            .unwrap()
    );
    assert_eq!(stores(&world).await, [cell_store(1, 3)]);
    assert!(
        directory
            .put_cell(&cell(), &cell_store(1, 4))
            .await
            .unwrap()
    );
    assert_eq!(stores(&world).await, [cell_store(1, 4)]);
}

#[tokio::test]
async fn a_late_writer_does_not_bring_a_removed_store_back() {
    let world = World::new().await;
    let directory = &world.directory;
    let store = cell_store(1, 1);
    let removed_from = cell();
    let bury = |version| {
        directory.tombstone_cell(&removed_from, &store.agency, &store.store, version, NOW)
    };
    directory
        .put_cell(&cell(), &cell_store(1, 2))
        .await
        .unwrap();
    assert!(
        !bury(1).await.unwrap(),
        "an old removal does not remove what is newer"
    );
    assert!(bury(5).await.unwrap());
    assert_eq!(stores(&world).await, []);
    assert!(
        !directory
            .put_cell(&cell(), &cell_store(1, 4))
            .await
            .unwrap()
    );
    assert_eq!(stores(&world).await, []);
    assert!(
        directory
            .put_cell(&cell(), &cell_store(1, 6))
            .await
            .unwrap()
    );
    assert_eq!(stores(&world).await, [cell_store(1, 6)]);

    // A tombstone that comes before what it removes keeps it out, too.
    let other = cell_store(2, 9);
    assert!(
        directory
            .tombstone_cell(&cell(), &other.agency, &other.store, 9, NOW)
            .await
            .unwrap()
    );
    assert!(
        !directory
            .put_cell(&cell(), &cell_store(2, 8))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_cell_holds_its_stores_and_no_others() {
    let world = World::new().await;
    let home = Cell::Home(Cell4::containing(place()));
    for n in 0..40 {
        world
            .directory
            .put_cell(&cell(), &cell_store(n, 1))
            .await
            .unwrap();
    }
    world
        .directory
        .put_cell(&home, &cell_store(50, 1))
        .await
        .unwrap();
    let found = stores(&world).await;
    assert_eq!(found.len(), 40);
    assert!(found.contains(&cell_store(17, 1)));
    let at_home = world
        .directory
        .stores_in_cell4(&Cell4::containing(place()))
        .await
        .unwrap();
    assert_eq!(at_home, [cell_store(50, 1)]);
}
