package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Where units lie, the nearest last.
var unitFolders = []string{"/etc/systemd/system", "/lib/systemd/system"}

const wanted = "/etc/systemd/system/multi-user.target.wants"

// A unit, as far as services of Kubernetes need it.
type unit struct {
	name        string // without ".service"
	file        string
	command     string
	restart     bool
	environment []string
	files       []string // of environment; one that begins with "-" may be missing
}

func bare(name string) string { return strings.TrimSuffix(name, ".service") }

// load reads a unit with its drop-ins. Nil: there is none of that name.
func load(name string) (*unit, error) {
	loaded := &unit{name: bare(name)}
	for _, folder := range unitFolders {
		file := filepath.Join(folder, loaded.name+".service")
		if _, err := os.Stat(file); err == nil {
			loaded.file = file
			break
		}
	}
	if loaded.file == "" {
		return nil, nil
	}
	files := []string{loaded.file}
	for _, folder := range []string{"/lib/systemd/system", "/etc/systemd/system"} {
		more, _ := filepath.Glob(filepath.Join(folder, loaded.name+".service.d", "*.conf")) // the pattern is good
		files = append(files, more...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			loaded.read(strings.TrimSpace(line))
		}
	}
	return loaded, nil
}

func (u *unit) read(line string) {
	key, value, _ := strings.Cut(line, "=")
	switch key {
	case "ExecStart": // an empty one takes back what was said before
		u.command = value
	case "Restart":
		u.restart = value == "always" || value == "on-failure"
	case "Environment":
		u.environment = append(u.environment, strings.Trim(value, `"`))
	case "EnvironmentFile":
		u.files = append(u.files, value)
	}
}

// start is the command line, with variables in their places: `$NAME` becomes as many words as it has, `${NAME}` one.
func (u *unit) start() (words, environment []string, err error) {
	values := map[string]string{}
	for _, variable := range u.environment {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	for _, file := range u.files {
		text, err := os.ReadFile(strings.TrimPrefix(file, "-"))
		if err != nil && !strings.HasPrefix(file, "-") {
			return nil, nil, err
		}
		for line := range strings.Lines(string(text)) {
			if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found {
				values[name] = strings.Trim(value, `"`)
			}
		}
	}
	for _, word := range strings.Fields(u.command) {
		switch {
		case strings.HasPrefix(word, "${"):
			words = append(words, values[strings.Trim(word, "${}")])
		case strings.HasPrefix(word, "$"):
			words = append(words, strings.Fields(values[word[1:]])...)
		default:
			words = append(words, word)
		}
	}
	environment = []string{"PATH=" + path, "LANG=C.UTF-8"}
	for name, value := range values {
		environment = append(environment, name+"="+value)
	}
	if len(words) == 0 {
		err = fmt.Errorf("%s has no ExecStart", u.file)
	}
	return words, environment, err
}

func (u *unit) enabled() bool {
	_, err := os.Lstat(filepath.Join(wanted, u.name+".service"))
	return err == nil
}

func (u *unit) enable() error {
	if err := os.MkdirAll(wanted, 0o755); err != nil || u.enabled() {
		return err
	}
	return os.Symlink(u.file, filepath.Join(wanted, u.name+".service"))
}

func (u *unit) disable() error {
	if !u.enabled() {
		return nil
	}
	return os.Remove(filepath.Join(wanted, u.name+".service"))
}
