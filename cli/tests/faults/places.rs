//! Where a file is to stand: what is there already.

use std::fs;
use std::os::unix::fs::symlink;

use crate::common::Sandbox;

/// A link at the place of an output gives way to the file; what it points to stays as it was.
#[test]
fn a_link_at_the_target_is_replaced_and_not_followed() {
    let sandbox = Sandbox::with_keys();
    sandbox.write("precious", "mine");
    symlink("precious", sandbox.path("f.bisik")).unwrap();
    sandbox.publish(&["list.csv", "--feed", "f", "--out", "f.bisik"]).expect(0);
    assert_eq!(sandbox.text("precious"), "mine");
    assert!(fs::symlink_metadata(sandbox.path("f.bisik")).unwrap().is_file());
    symlink("precious", sandbox.path("my.trust")).unwrap();
    sandbox.run(&["trust", "add", "new.trust", "centre.pub"]).expect(0);
    fs::create_dir(sandbox.path("seen")).unwrap();
    symlink("../precious", sandbox.path("seen/history.json")).unwrap();
    // What is there is no history: it is not taken for an empty one, and not written over.
    sandbox.run(&["verify", "f.bisik", "--trust", "centre.pub", "--state", "seen"]).refused("bad-manifest");
    assert_eq!(sandbox.text("precious"), "mine");
}

/// A secret is never written through a link, not even one that leads nowhere.
#[test]
fn no_secret_goes_through_a_link() {
    let sandbox = Sandbox::new();
    symlink("elsewhere", sandbox.path("desk.sign")).unwrap();
    sandbox.run(&["keygen", "--name", "A desk", "--out", "desk"]).refused("already-exists");
    assert!(!sandbox.exists("elsewhere") && !sandbox.exists("desk.key") && !sandbox.exists("desk.pub"));
}
