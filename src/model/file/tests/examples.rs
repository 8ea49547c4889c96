//! The examples are valid, survive being written out, and fit the schema.

use serde_json::Value as Json;

use super::written::to_yaml;
use super::*;
use crate::model::file::{NamedFile, cautions, named_files, schema, set_count, starter};
use crate::model::provider::Provider;

#[test]
fn examples_are_valid_and_can_be_written_out() {
    for text in EXAMPLES {
        let file = valid(text);
        assert_eq!(valid(&to_yaml(&file)), file);
    }
}

#[test]
fn the_smallest_file_gets_its_defaults() {
    let file = valid(
        "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: aws\nregion: eu-west-1\n\
         kubernetes: {version: 1.36.3}\nstore: {backend: s3, bucket: acme}\nssh: {publicKeyFile: k.pub}\n\
         network: {zones: [eu-west-1a]}\npools: [{name: w, count: 1}]\n",
    );
    insta::assert_snapshot!(to_yaml(&file), @r#"
    apiVersion: scaler/v1
    kind: Cluster
    name: demo
    provider: aws
    region: eu-west-1
    kubernetes:
      version: "1.36.3"
      podNetwork:
        cidr: 10.244.0.0/16
    access: {}
    store:
      backend: s3
      bucket: acme
      prefix: demo
      region: eu-west-1
      pathStyle: false
    ssh:
      user: ubuntu
      publicKeyFile: k.pub
    network:
      cidr: 10.1.0.0/20
      zones:
      - eu-west-1a
      private: false
      adminCidrs: []
      allow: []
    tags: {}
    controlPlane:
      count: 1
      machine: t3.medium
      disk:
        sizeGiB: 64
        type: gp3
      image:
        family: ubuntu-24.04
      endpoint: {}
      provisioning: ssh
    pools:
    - name: w
      machine: t3.medium
      kubelet: {}
      disk:
        sizeGiB: 64
        type: gp3
      image:
        family: ubuntu-24.04
      capacity: on-demand
      provisioning: ssh
      labels: {}
      taints: []
      count: 1
    drain:
      timeout: 15m
      totalTimeout: 1h
      parallel: 5
      jobs: wait
      deleteEmptyDirData: false
      evictUnmanaged: false
    images: {}
    tools: {}
    aws:
      endpoints: {}
    "#);
    assert_eq!(valid(&to_yaml(&file)), file);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let windows = format!("\u{feff}{}", AWS.replace('\n', "\r\n"));
    assert_eq!(valid(&windows), valid(AWS));
}

#[test]
fn examples_fit_the_schema() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for text in EXAMPLES {
        let json: Json = serde_saphyr::from_str(text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// A field that the reader does not know, the schema must not know either: at every level.
#[test]
fn unknown_fields_fail_in_both() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for text in EXAMPLES {
        let json: Json = serde_saphyr::from_str(text).unwrap();
        let mut objects = Vec::new();
        objects_of(&json, String::new(), &mut objects);
        for pointer in objects {
            let free = ["/tags", "/labels", "/kubelet", "/images"].iter().any(|end| pointer.ends_with(end));
            if free {
                continue;
            }
            let mut changed = json.clone();
            changed.pointer_mut(&pointer).unwrap()["zzUnknown"] = "x".into();
            assert!(!validator.is_valid(&changed), "{pointer} in the schema");
            let told = problems(&serde_saphyr::to_string(&changed).unwrap()).to_string();
            assert!(told.contains("no field `zzUnknown`"), "{pointer}: {told}");
        }
    }
}

fn objects_of(json: &Json, pointer: String, found: &mut Vec<String>) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                objects_of(value, format!("{pointer}/{name}"), found);
            }
            found.push(pointer);
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects_of(item, format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A field that is wrong hides no other: whatever stands wrong in a file, no field that there is becomes unknown.
#[test]
fn wrong_fields_hide_no_others() {
    for text in EXAMPLES {
        let json: Json = serde_saphyr::from_str(text).unwrap();
        let mut pointers = Vec::new();
        pointers_of(&json, String::new(), &mut pointers);
        for pointer in pointers {
            for bad in [Json::Null, Json::from(-1.5), Json::from("\u{1}")] {
                let mut changed = json.clone();
                *changed.pointer_mut(&pointer).unwrap() = bad;
                // A kubelet's fields may have any value.
                if let Err(told) = parse("f", &serde_json::to_string(&changed).unwrap(), &[]) {
                    assert!(!told.to_string().contains("no field"), "{pointer}: {told}");
                }
            }
        }
    }
}

pub fn pointers_of(json: &Json, pointer: String, found: &mut Vec<String>) {
    let children: Vec<(String, &Json)> = match json {
        Json::Object(fields) => fields.iter().map(|(name, value)| (name.replace('/', "~1"), value)).collect(),
        Json::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (step, value) in children {
        let inner = format!("{pointer}/{step}");
        found.push(inner.clone());
        pointers_of(value, inner, found);
    }
}

/// Each default in the schema is one that its own part of the schema takes.
#[test]
fn defaults_fit_the_schema() {
    fn walk(schema: &Json) {
        match schema {
            Json::Object(parts) => {
                if let Some(default) = parts.get("default") {
                    let validator = jsonschema::draft202012::new(schema).unwrap();
                    assert!(validator.is_valid(default), "{schema}");
                    assert!(parts["description"].as_str().is_some_and(|text| !text.is_empty()));
                }
                parts.values().for_each(walk);
            }
            Json::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    let schema = schema();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    walk(&schema);
}

#[test]
fn files_are_named_but_no_secrets() {
    let named = named_files(&valid(AWS));
    let paths: Vec<&str> = named.iter().map(|NamedFile { path, .. }| path.as_str()).collect();
    assert_eq!(paths, ["./flannel.yml", "~/.ssh/demo.pub"]);
}

#[test]
fn starters_are_valid_as_they_are() {
    for provider in Provider::ALL {
        for name in ["demo", "abc", "a-quite-long-name-20"] {
            let file = valid(&starter(provider, name).unwrap());
            assert_eq!((file.provider, file.name.as_str()), (provider, name));
            assert_eq!(valid(&to_yaml(&file)), file);
            assert_eq!(cautions(&file), Vec::<String>::new());
        }
    }
}

#[test]
fn a_count_is_changed_in_place() {
    let changed = set_count(AWS, "ops", 7).unwrap();
    assert_eq!(changed, AWS.replace("count: 2", "count: 7"));
    assert_eq!(valid(&changed).pool("ops").map(|pool| pool.size.min()), Some(7));
}
