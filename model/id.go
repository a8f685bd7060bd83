package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// ID names what a model makes of pictures: 16 hexadecimal digits of a SHA-256 over the shape of its
// network and all that it has learned. Latents of models with one ID may be exchanged.
func (m *Model) ID() string {
	hash := sha256.New()
	s := m.Spec
	fmt.Fprintln(hash, s.Body, s.Channels, s.Depth, s.Width, s.Latent, s.Patch, s.Passes, s.Kernel, s.Blocks, s.Activation, s.Up, s.Output, s.Skips, s.Level, s.Bottleneck, m.off)
	var all []named
	for name, p := range m.Params() {
		all = append(all, named{name: name, val: p.Val})
	}
	if err := writeNumbers(hash, all, full); err != nil {
		panic("model: id: " + err.Error()) // a hash takes everything
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}
