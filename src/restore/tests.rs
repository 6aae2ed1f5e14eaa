//! Each rule against small facts made by hand.

use std::path::PathBuf;

use super::target::{Guest, PveFacts};
use super::*;
use crate::host::Host;
use crate::recipe::Mode;

/// A backup of `pve1`, PVE 8, standalone.
fn source(paths: &[&str]) -> Source {
    let claims = category::Claims::new();
    let mut source = Source { host: host("pve1", Some("8.4.1"), None), has_index: true, ..Source::default() };
    for path in paths {
        let (path, kind) =
            path.strip_suffix('/').map_or((*path, ArchivedKind::File), |dir| (dir, ArchivedKind::Directory));
        let recipe = claims.recipe_of(path.as_bytes());
        let digest = (kind == ArchivedKind::File).then_some([1; 32]);
        let is_only_above = kind == ArchivedKind::Directory && recipe.is_none();
        source.entries.push(Archived { digest, recipe, is_only_above, ..Archived::new(path.as_bytes(), kind) });
    }
    source.entries.sort_by(|a, b| a.path.cmp(&b.path));
    hostile::mark(&mut source.entries);
    source
}

fn host(name: &str, pve: Option<&str>, pbs: Option<&str>) -> Host {
    let text = |version: Option<&str>| version.map(str::to_owned);
    Host { name: name.into(), pve: text(pve), pbs: text(pbs), debian: "12 bookworm".into(), ..Host::default() }
}

/// A running node called `pve1` with nothing on it, of which a freshness sign is one.
fn fresh() -> Target {
    let pve = PveFacts {
        mount: ClusterMount::Mounted,
        has_quorum: true,
        signs: vec![Sign { what: "it has no guests".into(), is_fresh: true }],
        ..PveFacts::default()
    };
    Target { host: host("pve1", Some("8.4.5"), None), is_running: true, pve, ..Target::default() }
}

/// A running node in use.
fn used() -> Target {
    let mut target = fresh();
    target.pve.signs = vec![Sign { what: "it has 1 guests".into(), is_fresh: false }];
    target.pve.guests.insert(100, Guest { node: "pve1".into(), kind: "qemu-server".into() });
    target
}

fn with_text(mut source: Source, path: &str, text: &str) -> Source {
    source.texts.insert(path.into(), text.into());
    source
}

fn with_database(mut source: Source) -> Source {
    let files = source.entries.iter().filter(|entry| entry.is_below(b"/etc/pve") && entry.kind == ArchivedKind::File);
    let files = files.map(|entry| (String::from_utf8(entry.path.clone()).unwrap(), Vec::new())).collect();
    source.database = Some(Database { files, version: Some(7) });
    source
}

fn made(source: &Source, target: &Target, selection: &Selection) -> RestorePlan {
    plan(source, target, selection, BackupFacts::default())
}

fn verdict(plan: &RestorePlan, path: &str) -> (Verdict, String) {
    let file = plan.file(path).unwrap_or_else(|| panic!("{path} has no verdict"));
    (file.verdict, file.reason.clone())
}

/// Path, verdict, a word of the reason.
fn expect(plan: &RestorePlan, rows: &[(&str, Verdict, &str)]) {
    for (path, wanted, word) in rows {
        let (found, reason) = verdict(plan, path);
        assert!(found == *wanted && reason.contains(word), "{path}: {found:?}: {reason}");
    }
}

fn only(words: &[&str]) -> Selection {
    Selection { only: words.iter().map(|word| Pick::parse(word).unwrap()).collect(), ..Selection::default() }
}

#[test]
fn hostile_names_are_never_written_whatever_is_selected() {
    let mut source = source(&["/etc/hosts", "/etc/link", "/etc/link/below", "/etc/other"]);
    source.entries[1].kind = ArchivedKind::Symlink(b"/root/.ssh".to_vec());
    source.entries.push(Archived::new(b"/etc/other", ArchivedKind::File));
    source.entries.push(Archived::new(b"/etc/zz", ArchivedKind::HardLink(b"/etc/absent".to_vec())));
    source.entries[0].hostile = Some(Hostile::Absolute);
    hostile::mark(&mut source.entries);
    let everything = only(&["/etc/**"]);

    for selection in [Selection::default(), everything] {
        let plan = made(&source, &fresh(), &selection);
        expect(
            &plan,
            &[
                ("/etc/hosts", Verdict::Never, "absolute"),
                ("/etc/link/below", Verdict::Never, "no directory"),
                ("/etc/other", Verdict::Never, "more than once"),
                ("/etc/zz", Verdict::Never, "not in the archive"),
            ],
        );
        assert_eq!(plan.files.len(), 5);
        assert!(plan.is_hostile && plan.steps.is_empty(), "{:?}", plan.refusals);
        assert!(plan.refusals[0].why.contains("/etc/hosts (its name in the archive is absolute)"));
    }
    for (name, is_hostile) in [
        ("etc/a", false),
        ("a/../b", true),
        ("..", true),
        ("/a", true),
        ("a//b", true),
        ("a/./b", true),
        ("a..b", false),
    ] {
        assert_eq!(hostile::of_name(name.as_bytes()).is_some(), is_hostile, "{name}");
    }
}

#[test]
fn what_older_tools_may_have_packed_does_not_refuse_the_whole_archive() {
    let with = |hostile: Hostile, has_index: bool| {
        let mut source = Source { has_index, ..source(&["/etc/hosts", "/etc/strange"]) };
        source.entries[1].hostile = Some(hostile);
        made(&source, &fresh(), &Selection::default())
    };
    for (hostile, without_index, with_index) in [
        (Hostile::Absolute, true, true),
        (Hostile::Upwards, true, true),
        (Hostile::LinkOut, true, true),
        (Hostile::Special, false, true),
        (Hostile::Twice, false, true),
        (Hostile::NotPlain, false, true),
        (Hostile::TooLong, false, true),
        (Hostile::BelowNoDirectory, false, false),
        (Hostile::LinkToNoFile, false, false),
    ] {
        let plans = [with(hostile, false), with(hostile, true)];
        assert_eq!(plans.each_ref().map(|plan| plan.is_hostile), [without_index, with_index], "{hostile:?}");
        for plan in plans {
            let told = if plan.is_hostile { plan.refusals[0].why.clone() } else { plan.remarks.join("\n") };
            assert!(told.contains(&format!("/etc/strange ({})", hostile.why())), "{hostile:?}: {told}");
            assert_eq!(verdict(&plan, "/etc/strange").0, Verdict::Never);
        }
    }
}

#[test]
fn an_archive_of_names_alone_does_not_fill_the_memory() {
    let mut builder = tar::Builder::new(Vec::new());
    for number in 0..5000 {
        let mut header = tar::Header::new_ustar();
        header.set_size(0);
        header.set_cksum();
        builder.append_data(&mut header, format!("srv/{number}"), std::io::empty()).unwrap();
    }
    let bytes = builder.into_inner().unwrap();
    let reader = crate::archive::ArchiveReader::new(&bytes[..], crate::archive::Limits::default());
    let error = read_source(reader, &crate::bundle::Manifest::default(), &std::collections::BTreeMap::new());
    assert!(error.err().unwrap().to_string().contains("MiB of memory"));
}

#[test]
fn hard_links_are_told_apart_by_what_they_name() {
    let mut source = source(&["/etc/dir/", "/etc/file", "/etc/a", "/etc/b", "/etc/c"]);
    for (path, first) in [("/etc/a", "/etc/file"), ("/etc/b", "/etc/dir"), ("/etc/c", "/etc/shadow")] {
        let entry = source.entries.iter_mut().find(|entry| entry.path == path.as_bytes()).unwrap();
        entry.kind = ArchivedKind::HardLink(first.into());
    }
    hostile::mark(&mut source.entries);
    let of = |path: &str| source.get(path.as_bytes()).unwrap().hostile;
    let expected = (None, Some(Hostile::LinkToNoFile), Some(Hostile::LinkOut));
    assert_eq!((of("/etc/a"), of("/etc/b"), of("/etc/c")), expected);
}

#[test]
fn a_fresh_node_takes_the_whole_database() {
    let source = with_database(source(&[
        "/etc/pve/storage.cfg",
        "/etc/pve/nodes/pve1/qemu-server/100.conf",
        "/etc/pve/nodes/pve1/lrm_status",
        "/etc/pve/.vmlist",
        "/var/lib/pve-cluster/config.db",
        "/var/lib/pve-cluster/config.db-wal",
    ]));
    let plan = made(&source, &fresh(), &Selection::default());

    assert_eq!(plan.pve, PveWay::Whole, "{:?}", plan.remarks);
    expect(
        &plan,
        &[
            ("/var/lib/pve-cluster/config.db", Verdict::Write, "replaces the database"),
            ("/var/lib/pve-cluster/config.db-wal", Verdict::Never, "destroys"),
            ("/etc/pve/storage.cfg", Verdict::ThroughApi, "with the cluster database"),
            ("/etc/pve/nodes/pve1/qemu-server/100.conf", Verdict::ThroughApi, "with the cluster database"),
            ("/etc/pve/nodes/pve1/lrm_status", Verdict::Never, "moment"),
            ("/etc/pve/.vmlist", Verdict::Never, "itself"),
        ],
    );
    let at = |wanted: &str| {
        let told: Vec<String> = plan.steps.iter().map(|step| step.deed.describe()).collect();
        told.iter().position(|told| told.contains(wanted)).unwrap_or_else(|| panic!("{wanted} is not in {told:#?}"))
    };
    let order = [
        "save what will change",
        "stop pveproxy",
        "stop pve-ha-lrm",
        "stop pve-ha-crm",
        "stop pve-cluster",
        "stop corosync",
        "unmount /etc/pve",
        "config.db-wal and /var/lib/pve-cluster/config.db-shm",
        "start pve-cluster",
        "wait for /etc/pve/local",
        "pvecm updatecerts",
        "start pve-ha-crm",
        "start pve-ha-lrm",
        "start pveproxy",
        "check",
    ];
    for pair in order.windows(2) {
        assert!(at(pair[0]) < at(pair[1]), "{} is not before {}", pair[0], pair[1]);
    }
    assert!(!plan.steps.iter().any(|step| step.deed.describe().contains("watchdog")));
}

#[test]
fn the_database_way_needs_every_condition() {
    let paths = ["/etc/pve/storage.cfg", "/etc/pve/user.cfg", "/var/lib/pve-cluster/config.db"];
    let source = || with_database(source(&paths));
    let auto = Selection::default;
    let other_name = Target { host: host("pve9", Some("8.4.5"), None), ..fresh() };
    let other_release = Target { host: host("pve1", Some("9.1.0"), None), ..fresh() };
    let mut clustered = source();
    clustered.host.is_clustered = true;
    let mut lost = source();
    lost.database = None;
    let mut torn = source();
    torn.has_index = false;
    torn.database.as_mut().unwrap().files.remove("/etc/pve/user.cfg");
    let part = Selection { exclude: vec![Pick::parse("/etc/pve/user.cfg").unwrap()], ..auto() };
    for (source, target, selection, word) in [
        (source(), used(), auto(), "it has 1 guests"),
        (source(), other_name, auto(), "called `pve1` and this one `pve9`"),
        (source(), other_release, auto(), "another major release"),
        (clustered, fresh(), auto(), "member of a cluster"),
        (lost, fresh(), auto(), "no database"),
        (torn, fresh(), auto(), "without its log"),
        (source(), fresh(), part, "not everything of /etc/pve is selected"),
    ] {
        let plan = made(&source, &target, &selection);
        assert_eq!(plan.pve, PveWay::Files, "{word}");
        assert!(plan.remarks.iter().any(|remark| remark.contains(word)), "{word}: {:?}", plan.remarks);
        expect(&plan, &[("/var/lib/pve-cluster/config.db", Verdict::ExportOnly, "fresh standalone")]);
        assert!(!plan.steps.iter().any(|step| matches!(step.deed, Deed::PutDatabase { .. } | Deed::Unmount { .. })));
    }
}

#[test]
fn a_lost_cluster_starts_from_one_database_only_when_told() {
    let mut source = with_database(source(&["/etc/pve/corosync.conf", "/var/lib/pve-cluster/config.db"]));
    source.host.is_clustered = true;
    let whole = Selection { pve: PveAsked::Whole, ..Selection::default() };
    let plan = made(&source, &fresh(), &whole);
    assert_eq!(plan.pve, PveWay::Whole);
    assert!(plan.remarks.iter().any(|remark| remark.contains("pvecm expected 1")), "{:?}", plan.remarks);

    let refused = made(&source, &used(), &whole);
    assert_eq!((refused.pve, refused.refusals.len()), (PveWay::Export, 1));
    assert!(refused.refusals[0].why.contains("it has 1 guests"));
}

#[test]
fn a_member_of_a_living_cluster_is_told_how_to_rejoin() {
    let source = with_database(source(&["/etc/pve/storage.cfg", "/var/lib/pve-cluster/config.db"]));
    let mut target = used();
    target.host.is_clustered = true;
    target.pve.signs = vec![Sign { what: "it is a member of a cluster".into(), is_fresh: false }];
    target.pve.database = Some(Database { version: Some(90), ..Database::default() });

    let plan = made(&source, &target, &Selection::default());

    assert_eq!(plan.pve, PveWay::Files);
    let refusal = &plan.refusals[0];
    let order =
        ["pvecm delnode", "pvecm add", "pvecm updatecerts", "--only"].map(|word| refusal.instead.find(word).unwrap());
    assert!(order.is_sorted(), "{refusal:?}");
    assert!(plan.remarks.iter().any(|it| it.contains("version 7, lower") && it.contains("the one here would")));
    expect(&plan, &[("/etc/pve/storage.cfg", Verdict::ThroughApi, "created")]);

    target.pve.has_quorum = false;
    let plan = made(&source, &target, &Selection::default());
    expect(&plan, &[("/etc/pve/storage.cfg", Verdict::ExportOnly, "no quorum")]);
    target.pve.mount = ClusterMount::Unmounted;
    let plan = made(&source, &target, &Selection::default());
    expect(&plan, &[("/etc/pve/storage.cfg", Verdict::ExportOnly, "not mounted")]);
    assert!(!plan.changes_anything());
}

#[test]
fn files_of_a_member_go_back_one_by_one_when_nobody_asks_for_the_database() {
    let paths = ["/etc/pve/storage.cfg", "/etc/pve/nodes/pve1/lxc/200.conf", "/var/lib/pve-cluster/config.db"];
    let source = with_database(source(&paths));
    let mut target = used();
    target.host.is_clustered = true;
    let files = Selection { pve: PveAsked::Files, ..Selection::default() };
    let without = |word: &str| Selection { exclude: vec![Pick::parse(word).unwrap()], ..Selection::default() };
    for selection in [files, without("/var/lib/pve-cluster"), without("pve-cluster"), only(&["/etc/pve"])] {
        let plan = made(&source, &target, &selection);
        assert_eq!((plan.pve, plan.refusals.as_slice()), (PveWay::Files, &[][..]));
        expect(&plan, &[(paths[0], Verdict::ThroughApi, "created"), (paths[1], Verdict::ThroughApi, "guest 200")]);
        assert!(!plan.file(paths[2]).unwrap().verdict.changes());
    }
    assert_eq!(made(&source, &target, &Selection::default()).refusals.len(), 1);
}

#[test]
fn what_needs_the_cluster_file_system_is_refused_before_anything_is_done() {
    let paths = ["/etc/pve/storage.cfg", "/etc/pve/nodes/pve1/pve-ssl.key", "/etc/crontab"];
    let source = source(&paths);
    let without_quorum = {
        let mut target = used();
        target.pve.has_quorum = false;
        target
    };
    let with_mount = |mount| {
        let mut target = used();
        target.pve.mount = mount;
        target
    };
    let silent = || with_mount(ClusterMount::Silent("no answer".into()));
    let without_it = Selection { exclude: vec![Pick::parse("/etc/pve").unwrap()], ..Selection::default() };
    for (target, why, instead) in [
        (without_quorum, "no quorum", "Quorate: Yes"),
        (with_mount(ClusterMount::Unmounted), "not mounted", "systemctl start pve-cluster"),
        (silent(), "does not answer: no answer", "systemctl restart pve-cluster"),
    ] {
        let plan = made(&source, &target, &Selection::default());
        let refusal = &plan.refusals[0];
        assert!(refusal.what == "1 file below /etc/pve" && refusal.why.contains(why), "{refusal:?}");
        assert!(refusal.instead.contains(instead) && refusal.instead.contains("--exclude /etc/pve"), "{refusal:?}");
        expect(&plan, &[(paths[0], Verdict::ExportOnly, why), (paths[2], Verdict::Write, "")]);
        expect(&plan, &[(paths[1], Verdict::ExportOnly, "certificates")]);

        for selection in [&without_it, &only(&["/etc/crontab"]), &only(&["/etc/pve/nodes"])] {
            assert_eq!(made(&source, &target, selection).refusals, [], "{selection:?}");
        }
        let disk = Target { is_running: false, ..target };
        let plan = made(&source, &disk, &Selection::default());
        assert_eq!(plan.refusals, []);
        expect(&plan, &[(paths[0], Verdict::ExportOnly, why)]);
    }
    // What is here as it was needs nothing.
    let mut same = used();
    same.pve.has_quorum = false;
    same.live.insert(paths[0].into(), Live { mode: 0o644, digest: Some([1; 32]), ..Live::new(LiveKind::File) });
    assert_eq!(made(&source, &same, &Selection::default()).refusals, []);
}

#[test]
fn a_fresh_node_needs_its_cluster_file_system_to_say_that_it_is_fresh() {
    let source = with_database(source(&["/etc/pve/storage.cfg", "/var/lib/pve-cluster/config.db"]));
    let mut target = fresh();
    target.pve.mount = ClusterMount::Unmounted;
    let plan = made(&source, &target, &Selection::default());
    assert_eq!((plan.pve, plan.refusals.as_slice()), (PveWay::Whole, &[][..]));

    target.pve.mount = ClusterMount::Silent("no answer".into());
    let plan = made(&source, &target, &Selection::default());
    assert_eq!((plan.pve, plan.refusals.len()), (PveWay::Export, 1));
    assert!(plan.remarks.iter().any(|it| it.contains("does not answer")), "{:?}", plan.remarks);
    assert!(!plan.changes_anything());
}

#[test]
fn what_the_services_write_every_few_seconds_makes_no_other_database() {
    let (status, storages) = ("/etc/pve/nodes/pve1/lrm_status", "/etc/pve/storage.cfg");
    let source = with_database(source(&[status, storages, "/var/lib/pve-cluster/config.db"]));
    let mut target = used();
    target.pve.database = source.database.clone();
    let mut change = |path: &str| {
        target.pve.database.as_mut().unwrap().files.insert(path.to_owned(), b"new".to_vec());
        verdict(&made(&source, &target, &Selection::default()), "/var/lib/pve-cluster/config.db").0
    };
    assert_eq!(change(status), Verdict::Unchanged);
    assert_eq!(change(storages), Verdict::ExportOnly);
}

#[test]
fn nothing_is_written_where_a_datastore_or_a_storage_is_to_be_mounted() {
    let (stores, storages) = ("/etc/proxmox-backup/datastore.cfg", "/etc/pve/storage.cfg");
    let unit = "/etc/systemd/system/mnt-datastore-main.mount";
    let paths = [
        stores,
        storages,
        unit,
        "/mnt/datastore/main/",
        "/mnt/datastore/main/notes",
        "/mnt/datastore/mainly",
        "/mnt/pve/nas/snippets/a.yaml",
        "/srv/local/snippets/b.yaml",
    ];
    let source = with_text(source(&paths), stores, "datastore: main\n\tpath /mnt/datastore/main\n");
    let source = with_text(
        source,
        storages,
        "nfs: nas\n\tserver a\n\texport /b\n\ndir: own\n\tpath /srv/local\n\tcontent snippets\n",
    );
    let at = |state| {
        let mut target = used();
        target.host.pbs = Some("3.4.1".into());
        target.stores.insert(PathBuf::from("/mnt/datastore/main"), state);
        target
    };
    for state in [StoreState::Missing, StoreState::NotMounted, StoreState::Silent] {
        let plan = made(&source, &at(state), &Selection::default());
        expect(
            &plan,
            &[
                ("/mnt/datastore/main", Verdict::ExportOnly, "the datastore main"),
                (paths[4], Verdict::ExportOnly, "mount it first"),
                (paths[6], Verdict::ExportOnly, "the storage nas"),
                (paths[5], Verdict::Write, ""),
                (paths[7], Verdict::Write, ""),
                (unit, Verdict::Write, ""),
            ],
        );
        assert_eq!(plan.datastores.len(), 1);
    }
    let mut mounted = at(StoreState::ChunkStore);
    mounted.mounts.push(crate::system::Mount { point: "/mnt/pve/nas".into(), kind: "nfs4".into() });
    let plan = made(&source, &mounted, &Selection::default());
    expect(&plan, &[(paths[4], Verdict::Write, ""), (paths[6], Verdict::Write, "")]);
}

#[test]
fn guests_follow_storages_and_taken_numbers_follow_the_policy() {
    let guest = "/etc/pve/nodes/pve1/qemu-server/100.conf";
    let other = "/etc/pve/nodes/pve1/lxc/200.conf";
    let foreign = "/etc/pve/nodes/pve2/lxc/300.conf";
    let paths = ["/etc/pve/storage.cfg", "/etc/pve/jobs.cfg", "/etc/pve/nodes/pve2/config", guest, other, foreign];
    let source = source(&paths);
    let policy = |guests| Selection { guests, ..Selection::default() };
    let mut elsewhere = used();
    elsewhere.pve.guests.insert(100, Guest { node: "pve7".into(), kind: "lxc".into() });

    for (target, guests, wanted, word) in [
        (used(), GuestPolicy::Report, Verdict::ExportOnly, "exists here with another"),
        (used(), GuestPolicy::Skip, Verdict::ExportOnly, "stays"),
        (used(), GuestPolicy::Replace, Verdict::ThroughApi, "is replaced"),
        (elsewhere, GuestPolicy::Replace, Verdict::ExportOnly, "on node `pve7`"),
    ] {
        let plan = made(&source, &target, &policy(guests));
        expect(&plan, &[(guest, wanted, word), (other, Verdict::ThroughApi, "after the storages")]);
        expect(&plan, &[(foreign, Verdict::ExportOnly, "node `pve2`")]);
    }
    let plan = made(&source, &used(), &policy(GuestPolicy::Replace));
    let step = plan.steps.iter().find(|step| step.deed == Deed::PutClusterFiles).unwrap();
    let order: Vec<String> = step.files.iter().map(|at| plan.files[*at].shown()).collect();
    assert_eq!(order, ["/etc/pve/storage.cfg", other, guest, "/etc/pve/jobs.cfg"]);
}

#[test]
fn files_of_the_own_node_go_to_this_node_whatever_it_is_called() {
    let guest = "/etc/pve/nodes/pve1/lxc/200.conf";
    let target = Target { host: host("new", Some("8.4.5"), None), ..used() };
    let plan = made(&source(&[guest]), &target, &Selection::default());
    assert_eq!(plan.file(guest).unwrap().destination(), b"/etc/pve/nodes/new/lxc/200.conf");
    assert_eq!(plan.file(guest).unwrap().attributes, None);
}

#[test]
fn what_the_cluster_makes_itself_is_put_aside() {
    let aside = [
        "/etc/pve/nodes/pve1/pve-ssl.key",
        "/etc/pve/pve-root-ca.pem",
        "/etc/pve/priv/pve-root-ca.key",
        "/etc/pve/priv/authkey.key",
        "/etc/pve/priv/authorized_keys",
        "/etc/pve/corosync.conf",
        "/etc/pve/vzdump.cron",
        "/etc/corosync/corosync.conf",
        "/etc/corosync/authkey",
    ];
    let plan = made(&source(&aside), &used(), &Selection::default());
    for path in aside {
        assert_eq!(verdict(&plan, path).0, Verdict::ExportOnly, "{path}");
    }
}

#[test]
fn storage_passwords_and_the_like_come_back_through_the_mounted_tree() {
    let paths = [
        "/etc/pve/priv/storage/nas.pw",
        "/etc/pve/replication.cfg",
        "/etc/pve/status.cfg",
        "/etc/pve/virtual-guest/cpu-models.conf",
        "/etc/pve/priv/acme/default",
        "/etc/pve/nodes/pve1/config",
        "/etc/pve/sdn/zones.cfg",
        "/etc/pve/datacenter.cfg",
    ];
    let plan = made(&source(&paths), &used(), &Selection::default());
    for path in paths {
        assert_eq!(verdict(&plan, path).0, Verdict::ThroughApi, "{path}");
    }
}

#[test]
fn sections_that_a_replaced_file_would_lose_are_named() {
    let path = "/etc/pve/storage.cfg";
    let source = with_text(source(&[path]), path, "dir: local\n\tpath /a\n");
    let mut target = used();
    target.texts.insert(path.into(), b"dir: local\n\tpath /a\n\nnfs: newer\n\tserver b\n".to_vec());
    target.live.insert(path.into(), Live::new(LiveKind::File));
    expect(&made(&source, &target, &Selection::default()), &[(path, Verdict::ThroughApi, "goes: nfs newer")]);
}

#[test]
fn root_is_kept_and_the_users_of_the_backup_are_added() {
    let path = "/etc/pve/user.cfg";
    let source = with_text(source(&[path]), path, "user:root@pam:0:0:::bad@b.test:::\nuser:ann@pve:1:0::::::\n");
    let mut target = used();
    target.texts.insert(path.into(), b"user:root@pam:1:0:::good@b.test:::\n".to_vec());
    let plan = made(&source, &target, &Selection::default());
    expect(&plan, &[(path, Verdict::Merge, "1 entry is added")]);
    let file = plan.file(path).unwrap();
    assert_eq!((file.stage, file.attributes.as_ref()), (Stage::Cluster, None));
    let text = String::from_utf8(file.content.clone().unwrap()).unwrap();
    assert_eq!(text, "user:root@pam:1:0:::good@b.test:::\nuser:ann@pve:1:0::::::\n");
    assert!(!serde_json::to_string(&plan).unwrap().contains("good@b.test"));
}

#[test]
fn what_cannot_be_read_to_the_letter_is_no_ground_for_a_merge() {
    let pbs = "/etc/proxmox-backup/user.cfg";
    let paths = ["/etc/fstab", "/etc/pve/user.cfg", pbs];
    let mut here = used();
    here.host.pbs = Some("3.4.1".into());
    let unread = made(&source(&paths), &here, &Selection::default());
    let mut readable = source(&paths);
    for path in paths {
        readable = with_text(readable, path, "x\n");
        here.live.insert(path.into(), Live::new(LiveKind::File));
    }
    let no_text = made(&readable, &here, &Selection::default());
    for path in paths {
        here.texts.insert(path.into(), b"user:\xff:\n".to_vec());
    }
    let no_utf8 = made(&readable, &here, &Selection::default());
    for path in paths {
        expect(&unread, &[(path, Verdict::ExportOnly, "in the backup")]);
        expect(&no_text, &[(path, Verdict::ExportOnly, "cannot be read")]);
        expect(&no_utf8, &[(path, Verdict::ExportOnly, "not plain text")]);
    }
}

#[test]
fn the_backup_server_gets_its_owners_and_modes() {
    let mut source = source(&[
        "/etc/proxmox-backup/",
        "/etc/proxmox-backup/datastore.cfg",
        "/etc/proxmox-backup/tape-encryption-keys.json",
        "/etc/proxmox-backup/proxy.key",
        "/etc/proxmox-backup/acme/accounts/default",
        "/etc/proxmox-backup/encryption-keys/a.enc",
        "/etc/proxmox-backup/.datastore.lck",
        "/etc/pve/storage.cfg",
    ]);
    source.host = host("pbs1", None, Some("3.4.2"));
    let target = Target { host: host("pbs1", None, Some("3.4.8")), is_running: true, ..Target::default() };
    let plan = made(&source, &target, &Selection::default());
    for (path, user, group, mode) in [
        ("/etc/proxmox-backup", "backup", "backup", 0o700),
        ("/etc/proxmox-backup/datastore.cfg", "root", "backup", 0o640),
        ("/etc/proxmox-backup/tape-encryption-keys.json", "root", "root", 0o600),
        ("/etc/proxmox-backup/proxy.key", "root", "backup", 0o640),
        ("/etc/proxmox-backup/acme/accounts/default", "root", "root", 0o600),
        ("/etc/proxmox-backup/encryption-keys/a.enc", "root", "backup", 0o640),
    ] {
        let file = plan.file(path).unwrap();
        let attributes = file.attributes.as_ref().unwrap();
        assert_eq!((file.verdict, attributes.mode), (Verdict::Write, mode), "{path}");
        assert_eq!((attributes.user.as_str(), attributes.group.as_str()), (user, group), "{path}");
    }
    expect(&plan, &[("/etc/proxmox-backup/.datastore.lck", Verdict::Never, "lock")]);
    expect(&plan, &[("/etc/pve/storage.cfg", Verdict::ExportOnly, "no Proxmox VE")]);
    let told: Vec<String> = plan.steps.iter().map(|step| step.deed.describe()).collect();
    let at =
        |wanted: &str| told.iter().position(|told| told == wanted).unwrap_or_else(|| panic!("{wanted}: {told:#?}"));
    assert!(at("stop proxmox-backup-proxy.service") < at("stop proxmox-backup.service"));
    assert!(at("stop proxmox-backup.service") < at("write files"));
    assert!(at("start proxmox-backup.service") < at("start proxmox-backup-proxy.service"));
}

#[test]
fn remotes_and_node_options_of_the_backup_server_go_back_as_they_are() {
    let paths =
        ["/etc/proxmox-backup/remote.cfg", "/etc/proxmox-backup/node.cfg", "/etc/proxmox-backup/acme/accounts/a"];
    let mut source = source(&paths);
    // Passwords are base64 there, and node.cfg has no sections: nobody takes them apart.
    source = with_text(source, paths[0], "remote: r\n\tpassword c2VjcmV0\n");
    source = with_text(source, paths[1], "acme: account=a\nemail-from: a@b.test\n");
    let target = Target { host: host("pve1", None, Some("3.4.8")), is_running: true, ..Target::default() };
    let plan = made(&source, &target, &Selection::default());
    for path in paths {
        let file = plan.file(path).unwrap();
        assert_eq!((file.verdict, file.content.as_ref()), (Verdict::Write, None), "{path}");
    }
}

#[test]
fn an_absolute_link_is_a_link_and_stops_nothing_else() {
    let mut source = source(&["/etc/systemd/system/masked.service", "/etc/pve/storage.cfg", "/etc/passwd-like"]);
    let link = source.entries.iter_mut().find(|entry| entry.path.ends_with(b"masked.service")).unwrap();
    link.kind = ArchivedKind::Symlink(b"/dev/null".to_vec());
    let plan = made(&source, &used(), &Selection::default());
    expect(
        &plan,
        &[
            ("/etc/systemd/system/masked.service", Verdict::Write, ""),
            ("/etc/pve/storage.cfg", Verdict::ThroughApi, ""),
            ("/etc/passwd-like", Verdict::Write, ""),
        ],
    );
}

#[test]
fn everything_that_changes_is_saved_before_the_first_change() {
    let source = with_database(source(&[
        "/etc/crontab",
        "/etc/pve/storage.cfg",
        "/var/lib/pve-cluster/config.db",
        "/etc/network/interfaces",
        "/etc/hostid",
    ]));
    for target in [fresh(), used(), Target { is_running: false, ..fresh() }] {
        let plan = made(&source, &target, &Selection::default());
        let changing = |step: &&Step| !matches!(step.deed, Deed::Export);
        let first = plan.steps.iter().find(changing).unwrap();
        assert_eq!(first.deed, Deed::SaveUndo);
        let changed: Vec<usize> = (0..plan.files.len()).filter(|at| plan.files[*at].verdict.changes()).collect();
        assert_eq!(first.files, changed);
        assert!(plan.files.iter().all(|file| file.is_new), "an undo has to remove what was added");
    }
}

#[test]
fn datastores_are_listed_and_never_made() {
    let path = "/etc/proxmox-backup/datastore.cfg";
    let text = "datastore: good\n\tpath /mnt/good\n\ndatastore: gone\n\tpath /mnt/gone\n\ndatastore: empty\n\tpath /mnt/empty\n\n\
        datastore: cloud\n\tpath /mnt/cloud\n\tbackend bucket=a,client=b,type=s3\n\ndatastore: evil\n\tpath /mnt/../etc\n";
    let source = with_text(source(&[path]), path, text);
    let mut target = Target { host: host("pve1", None, Some("3.4.8")), is_running: true, ..Target::default() };
    for (path, state) in [
        ("/mnt/good", StoreState::ChunkStore),
        ("/mnt/gone", StoreState::Missing),
        ("/mnt/empty", StoreState::NotMounted),
        ("/mnt/cloud", StoreState::Missing),
    ] {
        target.stores.insert(PathBuf::from(path), state);
    }
    let plan = made(&source, &target, &Selection::default());
    let names: Vec<&str> = plan.datastores.iter().map(|store| store.datastore.as_str()).collect();
    assert_eq!(names, ["gone", "empty", "cloud"]);
    expect(&plan, &[(path, Verdict::Write, "stopped")]);
    let is_create =
        |step: &Step| matches!(&step.deed, Deed::Run { command, .. } if command.iter().any(|word| word == "create"));
    assert!(!plan.steps.iter().any(is_create));
    assert!(plan.files.iter().all(|file| !file.path.starts_with(b"/mnt")));
}

#[test]
fn what_belongs_to_the_hardware_waits_for_the_word() {
    let paths = [
        "/etc/crypttab",
        "/etc/hostid",
        "/etc/zfs/zpool.cache",
        "/etc/kernel/proxmox-boot-uuids",
        "/usr/local/lib/systemd/network/50-pve-nic0.link",
        "/etc/resolv.conf",
        "/etc/lvm/backup/pve",
    ];
    let source = source(&paths);
    let plan = made(&source, &fresh(), &Selection::default());
    let same = made(&source, &fresh(), &Selection { same_hardware: true, ..Selection::default() });
    for path in paths {
        assert_eq!(verdict(&plan, path).0, Verdict::ExportOnly, "{path}");
        assert_eq!(verdict(&same, path).0, Verdict::Write, "{path}");
    }
    assert!(!plan.changes_anything());
}

#[test]
fn our_own_state_and_outputs_are_never_written() {
    let paths = [
        "/var/lib/proxmox-config-backup/restore/1/journal",
        "/var/lib/proxmox-config-backup/info/pve/qemu.json",
        "/var/lib/proxsave-info/commands/a.txt",
        "/run/x",
        "/proc/1/status",
    ];
    let plan = made(&source(&paths), &fresh(), &Selection::default());
    expect(
        &plan,
        &[
            (paths[0], Verdict::Never, "journal"),
            (paths[1], Verdict::ExportOnly, "printed"),
            (paths[2], Verdict::ExportOnly, "printed"),
            (paths[3], Verdict::Never, "memory"),
            (paths[4], Verdict::Never, "kernel"),
        ],
    );
}

#[test]
fn excluded_beats_only_and_modes_choose_categories() {
    let paths = ["/etc/ssh/sshd_config", "/etc/ssh/moduli", "/etc/network/interfaces", "/etc/zfs/zed.d/zed.rc"];
    let source = source(&paths);
    let both = Selection {
        exclude: vec![Pick::parse("*/moduli").unwrap(), Pick::parse("/etc/ssh/moduli").unwrap()],
        ..only(&["ssh", "/etc/ssh/moduli"])
    };
    let plan = made(&source, &fresh(), &both);
    expect(
        &plan,
        &[
            (paths[0], Verdict::Write, ""),
            (paths[1], Verdict::NotSelected, "--exclude"),
            (paths[2], Verdict::NotSelected, "--only"),
        ],
    );
    let base = Selection { mode: Mode::Base, skip_network: true, ..Selection::default() };
    let plan = made(&source, &fresh(), &base);
    expect(
        &plan,
        &[
            (paths[0], Verdict::Write, ""),
            (paths[2], Verdict::NotSelected, "--skip-network"),
            (paths[3], Verdict::NotSelected, "mode"),
        ],
    );
    assert_eq!(Selection { mode: Mode::Custom, ..Selection::default() }.check(), Err(SelectionError::NothingNamed));
}

#[test]
fn interfaces_never_name_cards_that_are_not_here() {
    let path = "/etc/network/interfaces";
    let list = "/var/lib/proxmox-config-backup/info/system/network-inventory.json";
    let source = with_text(source(&[path, list]), path, "auto vmbr0\niface vmbr0 inet static\n\tbridge-ports enp1s0\n");
    let source = with_text(source, list, r#"[{"name":"enp1s0","permanent_mac":"aa:01"}]"#);
    let nic = |name: &str, mac: &str| Nic { name: name.into(), permanent_mac: Some(mac.into()), ..Nic::default() };
    let at = |nics: Option<Vec<Nic>>| Target { nics, ..fresh() };
    let map = |words: &[&str]| Selection {
        nic_map: NicMap::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).unwrap(),
        ..Selection::default()
    };
    let new = || at(Some(vec![nic("eno1", "AA:01"), nic("eno2", "bb")]));

    expect(&made(&source, &at(Some(vec![nic("enp1s0", "aa:01")])), &map(&[])), &[(path, Verdict::Write, "last")]);
    expect(&made(&source, &at(None), &map(&[])), &[(path, Verdict::Write, "last")]);
    let asked = made(&source, &new(), &map(&[]));
    expect(&asked, &[(path, Verdict::ExportOnly, "enp1s0")]);
    assert!(asked.remarks.iter().any(|remark| remark.contains("enp1s0 is eno1 here")), "{:?}", asked.remarks);
    for words in [&["auto"][..], &["enp1s0=eno1"]] {
        let plan = made(&source, &new(), &map(words));
        expect(&plan, &[(path, Verdict::Write, "last")]);
        let content = String::from_utf8(plan.file(path).unwrap().content.clone().unwrap()).unwrap();
        assert!(content.contains("bridge-ports eno1\n"), "{content}");
        assert!(
            matches!(plan.steps.iter().rev().nth(1).unwrap().deed, Deed::PutNetwork { seconds: 180 }),
            "{:?}",
            plan.steps
        );
    }
    let wrong = made(&source, &new(), &map(&["enp1s0=eno9"]));
    assert_eq!(wrong.refusals.len(), 1);
    expect(&wrong, &[(path, Verdict::ExportOnly, "eno9")]);
}

#[test]
fn the_name_of_a_node_does_not_change_by_a_file() {
    let source = with_text(source(&["/etc/hostname", "/etc/hosts"]), "/etc/hosts", "192.0.2.1 pve1.sample.test pve1\n");
    let target = Target { host: host("new", Some("8.4.5"), None), ..used() };
    expect(
        &made(&source, &target, &Selection::default()),
        &[("/etc/hostname", Verdict::ExportOnly, "called `new`"), ("/etc/hosts", Verdict::ExportOnly, "does not name")],
    );
    expect(&made(&source, &used(), &Selection::default()), &[("/etc/hosts", Verdict::Write, "")]);
    let debian = Target { host: host("new", None, None), is_running: true, ..Target::default() };
    expect(&made(&source, &debian, &Selection::default()), &[("/etc/hostname", Verdict::Write, "")]);
}

#[test]
fn what_is_here_as_it_was_is_unchanged_and_what_is_in_the_way_is_put_aside() {
    let path = "/etc/ssh/sshd_config";
    let source = source(&["/etc/", "/etc/ssh/", path]);
    let live = |kind: LiveKind, mode| Live { mode, digest: Some([1; 32]), ..Live::new(kind) };
    for (kind, mode, wanted, word) in [
        (LiveKind::File, 0o644, Verdict::Unchanged, "as it was"),
        (LiveKind::File, 0o600, Verdict::Write, "differs"),
        (LiveKind::Directory, 0o755, Verdict::ExportOnly, "a directory is here"),
        (LiveKind::Symlink(b"x".to_vec()), 0o777, Verdict::Write, "symbolic link"),
        (LiveKind::Special("fifo"), 0o644, Verdict::ExportOnly, "fifo"),
        (LiveKind::Unreadable("input/output error".into()), 0, Verdict::ExportOnly, "cannot be read"),
    ] {
        let mut target = fresh();
        target.live.insert(path.into(), live(kind, mode));
        target.live.insert("/etc".into(), live(LiveKind::Directory, 0o700));
        let plan = made(&source, &target, &Selection::default());
        expect(&plan, &[(path, wanted, word), ("/etc", Verdict::Unchanged, "keeps owner and mode")]);
    }
    let mut target = fresh();
    target.live.insert(path.into(), Live { behind: Some("/etc/ssh".into()), ..Live::new(LiveKind::Absent) });
    expect(&made(&source, &target, &Selection::default()), &[(path, Verdict::ExportOnly, "follows none")]);
}

#[test]
fn programs_of_packages_and_what_is_not_whole_are_put_aside() {
    let mut source =
        source(&["/usr/bin/tool", "/usr/local/bin/own", "/boot/grub/grub.cfg", "/srv/own", "/etc/crontab"]);
    let last = source.entries.iter_mut().find(|entry| entry.path == b"/etc/crontab").unwrap();
    last.lost = Some("a piece is missing".into());
    expect(
        &made(&source, &fresh(), &Selection::default()),
        &[
            ("/usr/bin/tool", Verdict::ExportOnly, "packages"),
            ("/boot/grub/grub.cfg", Verdict::ExportOnly, "packages"),
            ("/usr/local/bin/own", Verdict::Write, ""),
            ("/srv/own", Verdict::Write, ""),
            ("/etc/crontab", Verdict::ExportOnly, "a piece is missing"),
        ],
    );
}

#[test]
fn accounts_go_back_together_or_not_at_all() {
    let paths = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"];
    let texts = [
        "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n",
        "root:x:0:\nann:x:1000:\n",
        "ann:H:1:0:9:7:::\n",
        "",
    ];
    let mut source = source(&paths);
    let mut target = fresh();
    for (path, text) in paths.into_iter().zip(texts) {
        source = with_text(source, path, text);
        target.texts.insert(path.into(), text.lines().next().unwrap_or_default().replace("ann", "kim").into_bytes());
    }
    let plan = made(&source, &target, &Selection::default());
    expect(
        &plan,
        &[("/etc/passwd", Verdict::Merge, "1 entry is added"), ("/etc/shadow", Verdict::Merge, "1 entry is added")],
    );
    let half = Selection { exclude: vec![Pick::parse("/etc/shadow").unwrap()], ..Selection::default() };
    expect(&made(&source, &target, &half), &[("/etc/passwd", Verdict::ExportOnly, "together")]);
    target.texts.insert("/etc/passwd".into(), Vec::new());
    expect(&made(&source, &target, &Selection::default()), &[("/etc/group", Verdict::ExportOnly, "no root")]);
}

#[test]
fn afterwards_follow_from_what_changes() {
    let source = source(&["/etc/systemd/system/a.service", "/etc/modprobe.d/zfs.conf", "/etc/ssh/sshd_config"]);
    let plan = made(&source, &fresh(), &Selection::default());
    let commands: Vec<String> = plan.afterwards.iter().map(|it| it.command.join(" ")).collect();
    for command in
        ["systemctl daemon-reload", "update-initramfs -u -k all", "proxmox-boot-tool refresh", "systemctl reload ssh"]
    {
        assert!(commands.iter().any(|it| it == command), "{command}: {commands:?}");
    }
    let disk = Target { is_running: false, ..fresh() };
    let plan = made(&source, &disk, &Selection::default());
    assert!(plan.afterwards.iter().all(|it| it.by == Doer::Person));
    assert!(
        !plan.steps.iter().any(|step| matches!(step.deed, Deed::Stop { .. } | Deed::Start { .. } | Deed::Run { .. }))
    );
}

mod every_path {
    use proptest::prelude::*;

    use super::*;

    const WORDS: &[&str] = &[
        "pve-guests",
        "network",
        "ssh",
        "accounts",
        "/etc/**",
        "/etc/pve",
        "*.cfg",
        "/etc/ssh/*",
        "pve-cluster",
        "info",
        "/var/lib",
        "custom",
    ];
    const PATHS: &[&str] = &[
        "/etc/",
        "/etc/hosts",
        "/etc/fstab",
        "/etc/passwd",
        "/etc/ssh/sshd_config",
        "/etc/network/interfaces",
        "/etc/pve/storage.cfg",
        "/etc/pve/.vmlist",
        "/etc/pve/nodes/pve1/lrm_status",
        "/etc/pve/priv/lock/a",
        "/etc/pve/nodes/pve1/qemu-server/100.conf",
        "/var/lib/pve-cluster/config.db",
        "/var/lib/pve-cluster/config.db-wal",
        "/var/lib/proxmox-config-backup/x",
        "/var/lib/proxmox-config-backup/info/a.txt",
        "/run/x",
        "/srv/own",
        "/etc/proxmox-backup/user.cfg",
        "/etc/proxmox-backup/.x.lck",
        "/usr/bin/x",
    ];

    fn picks() -> impl Strategy<Value = Vec<Pick>> {
        let word = proptest::sample::select(WORDS).prop_map(|word| Pick::parse(word).unwrap());
        proptest::collection::vec(word, 0..3)
    }

    proptest! {
        #[test]
        fn has_one_verdict_that_no_selection_can_loosen(
            paths in proptest::sample::subsequence(PATHS, 0..PATHS.len()),
            (only, exclude) in (picks(), picks()),
            mode in proptest::sample::select(&[Mode::Full, Mode::Storage, Mode::Base, Mode::Custom][..]),
            (skip_network, same_hardware, is_fresh, has_database) in any::<(bool, bool, bool, bool)>(),
            guests in proptest::sample::select(&[GuestPolicy::Report, GuestPolicy::Skip, GuestPolicy::Replace][..]),
            pve in proptest::sample::select(&[PveAsked::Auto, PveAsked::Whole, PveAsked::Files][..]),
        ) {
            let source = if has_database { with_database(source(&paths)) } else { source(&paths) };
            let target = if is_fresh { fresh() } else { used() };
            let selection = Selection { mode, only, exclude, skip_network, guests, same_hardware, pve, ..Selection::default() };

            let plan = made(&source, &target, &selection);
            let full = made(&source, &target, &Selection::default());

            prop_assert_eq!(plan.files.len(), source.entries.len());
            prop_assert_eq!(plan.counts.values().sum::<usize>(), source.entries.len());
            for (file, (entry, usual)) in plan.files.iter().zip(source.entries.iter().zip(&full.files)) {
                prop_assert_eq!(&file.path, &entry.path);
                prop_assert_eq!(file.verdict == Verdict::Never, usual.verdict == Verdict::Never);
                let is_left = selection.why_not(entry).is_some();
                prop_assert!(!is_left || matches!(file.verdict, Verdict::NotSelected | Verdict::Never));
                prop_assert!(!file.reason.is_empty());
                let is_in_a_step = plan.steps.iter().filter(|step| !matches!(step.deed, Deed::SaveUndo));
                let times = is_in_a_step.flat_map(|step| &step.files).filter(|at| plan.files[**at].path == file.path).count();
                let wanted = usize::from(file.verdict.changes() || file.verdict == Verdict::ExportOnly);
                prop_assert_eq!(times, wanted, "{:?}", file);
            }
        }
    }
}
