package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

const (
	path       = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	sshdConfig = "/etc/ssh/lab_sshd_config"
)

// layOut makes the host's disk, a layer in memory over this machine's, and makes it the root.
func (h *host) layOut() error {
	disk := filepath.Join(h.Folder, "disk")
	root := filepath.Join(disk, "root")
	if err := os.MkdirAll(disk, 0o700); err != nil {
		return err
	}
	// Nothing that is mounted here is seen by the machine.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := syscall.Mount("disk", disk, "tmpfs", 0, "mode=700"); err != nil {
		return err
	}
	for _, folder := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(disk, folder), 0o755); err != nil {
			return err
		}
	}
	layers := fmt.Sprintf("lowerdir=/,upperdir=%s/upper,workdir=%s/work", disk, disk)
	if err := syscall.Mount("overlay", root, "overlay", 0, layers); err != nil {
		return fmt.Errorf("an overlay over this machine's disk: %w", err)
	}
	if err := h.mounts(root); err != nil {
		return err
	}
	old := filepath.Join(root, "mnt")
	if err := syscall.PivotRoot(root, old); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Unmount("/mnt", syscall.MNT_DETACH); err != nil {
		return err
	}
	return h.furnish()
}

// A mount of a host: of a kind, or (kind "bind") of what the machine has.
type mounted struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

func (h *host) mounts(root string) error {
	controllers := filepath.Join(h.Folder, "cgroup.controllers")
	if err := os.WriteFile(controllers, []byte("cpuset cpu io memory hugetlb pids\n"), 0o644); err != nil {
		return err
	}
	all := []mounted{
		{"proc", "/proc", "proc", 0, ""},
		{"sysfs", "/sys", "sysfs", 0, ""},
		{"run", "/run", "tmpfs", 0, "mode=755"},
		// What people have lying about on this machine is not on the host.
		{"tmp", "/tmp", "tmpfs", 0, "mode=1777"},
		{"root", "/root", "tmpfs", 0, "mode=700"},
		{"home", "/home", "tmpfs", 0, "mode=755"},
		{"logs", "/var/log", "tmpfs", 0, "mode=755"},
		{h.Tools, "/opt/lab", "bind", syscall.MS_RDONLY, ""},
	}
	if h.Real {
		all = append(all,
			mounted{"/dev", "/dev", "bind", syscall.MS_REC, ""},
			mounted{"/sys/fs/cgroup", "/sys/fs/cgroup", "bind", syscall.MS_REC, ""},
			// Kubelet and containerd want to know their disks.
			mounted{"kubelet", "/var/lib/kubelet", "tmpfs", 0, "mode=755"},
			mounted{"containerd", "/var/lib/containerd", "tmpfs", 0, "mode=711"})
	} else {
		all = append(all,
			mounted{"dev", "/dev", "tmpfs", 0, "mode=755"},
			mounted{"devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620"},
			mounted{"shm", "/dev/shm", "tmpfs", 0, "mode=1777"},
			// kubeadm refuses a machine with the first version of cgroups; nothing here makes any.
			mounted{"cgroup", "/sys/fs/cgroup", "cgroup2", 0, ""},
			mounted{controllers, "/sys/fs/cgroup/cgroup.controllers", "bind", syscall.MS_RDONLY, ""},
			// Of the kernel's settings a host has only those of its own network.
			mounted{filepath.Join(root, "proc/sys"), "/proc/sys", "bind", syscall.MS_RDONLY, ""},
			mounted{filepath.Join(root, "proc/sys/net"), "/proc/sys/net", "bind", 0, ""})
	}
	for _, what := range all {
		if err := what.mount(root); err != nil {
			return fmt.Errorf("%s: %w", what.target, err)
		}
	}
	if h.Real {
		return nil
	}
	return devices(filepath.Join(root, "dev"))
}

func (m mounted) mount(root string) error {
	target := filepath.Join(root, m.target)
	if _, err := os.Stat(target); err != nil {
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
	}
	if m.kind != "bind" {
		return syscall.Mount(m.source, target, m.kind, m.flags, m.data)
	}
	if err := syscall.Mount(m.source, target, "", syscall.MS_BIND|m.flags&syscall.MS_REC, ""); err != nil {
		return err
	}
	// Whether one may write is decided by a second call, for a bind.
	if m.flags&syscall.MS_REC != 0 && m.flags&syscall.MS_RDONLY == 0 {
		return nil
	}
	return syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT|m.flags&syscall.MS_RDONLY, "")
}

func devices(folder string) error {
	for name, minor := range map[string]int{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		if err := device(filepath.Join(folder, name), 1, minor); err != nil {
			return err
		}
	}
	if err := device(filepath.Join(folder, "tty"), 5, 0); err != nil {
		return err
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"} {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func device(path string, major, minor int) error {
	if err := syscall.Mknod(path, syscall.S_IFCHR|0o666, major<<8|minor); err != nil {
		return err
	}
	return os.Chmod(path, 0o666)
}

func tool(program string, arguments ...string) error {
	command := exec.Command(program, arguments...)
	command.Env = []string{"PATH=" + path}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, output)
	}
	return nil
}
