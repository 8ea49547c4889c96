package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// runCertificates writes one control plane's keys and certificates: its CA,
// which also signs CSRs, the API server's, and the key of service account tokens.
func runCertificates() int {
	flags := flag.NewFlagSet("certificates", flag.ExitOnError)
	folder := flags.String("folder", "", "folder to write to")
	_ = flags.Parse(os.Args[1:]) // ExitOnError: it does not return with an error

	if err := writeCertificates(*folder); err != nil {
		fmt.Fprintf(os.Stderr, "certificates: %v\n", err)
		return 1
	}
	return 0
}

func writeCertificates(folder string) error {
	// An hour back: a test may run on a machine whose clock was just corrected.
	from := time.Now().Add(-time.Hour)
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "lab"},
		NotBefore:             from,
		NotAfter:              from.AddDate(0, 1, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    from,
		NotAfter:     from.AddDate(0, 1, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}

	authorityKey, err := newKey(folder, "ca")
	if err != nil {
		return err
	}
	serverKey, err := newKey(folder, "server")
	if err != nil {
		return err
	}
	accountKey, err := newKey(folder, "service-account")
	if err != nil {
		return err
	}
	if err := sign(folder, "ca", authority, authority, authorityKey, authorityKey); err != nil {
		return err
	}
	if err := sign(folder, "server", server, authority, serverKey, authorityKey); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(accountKey.Public())
	if err != nil {
		return err
	}
	return writePEM(folder, "service-account.pub", "PUBLIC KEY", public)
}

func newKey(folder, name string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	data, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writePEM(folder, name+".key", "EC PRIVATE KEY", data)
}

func sign(folder, name string, what, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) error {
	data, err := x509.CreateCertificate(rand.Reader, what, by, key.Public(), byKey)
	if err != nil {
		return err
	}
	return writePEM(folder, name+".crt", "CERTIFICATE", data)
}

func writePEM(folder, name, kind string, data []byte) error {
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data})
	return os.WriteFile(filepath.Join(folder, name), block, 0o600)
}
