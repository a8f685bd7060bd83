package session

// This file keeps directions through latents: what pictures of one group have, and those of another have not.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sieve/imageio"
	"sieve/model/embed"
)

// A Direction is a way through the latents of a model: what is added to one to go from the mean of a group of
// pictures to that of another.
type Direction struct {
	Name  string    `json:"name"`
	Model string    `json:"model"`    // what it was called
	ID    string    `json:"model_id"` // of its weights, as model.Model has it
	From  int       `json:"from"`     // how many pictures the groups have
	To    int       `json:"to"`
	Shape []int     `json:"shape"` // rows, columns and channels of the latents; 1 × 1 of those that are means over cells
	Step  []float32 `json:"step"`  // row by row

	file string
	cell []float32 // the mean step over all cells
}

// What can be wrong with a direction.
var (
	errDirection  = errors.New("session: no direction")
	errNameless   = errors.New("session: a direction without a name")
	errDirections = errors.New("session: too many directions")
	errGroups     = errors.New("session: no two groups")
)

// Bounds of directions.
const (
	MostDirections   = 8       // that are kept of a model
	mostDirectionLen = 1 << 20 // numbers; of longer ones only the mean over cells is kept
	mostDirectionB   = 32 << 20
	directionsFolder = "directions"
)

// settle checks a direction that was read or made, and finds its mean step.
func (d *Direction) settle() error {
	size := 1
	for _, n := range d.Shape {
		if n < 1 || size > mostDirectionLen/n {
			return errDirection
		}
		size *= n
	}
	switch {
	case len(d.Shape) != 3 || size != len(d.Step) || d.ID == "" || d.From < 1 || d.To < 1 || slices.ContainsFunc(d.Step, func(v float32) bool { return v-v != 0 }):
		return errDirection
	case strings.TrimSpace(d.Name) == "":
		return errNameless
	}
	d.cell = overCells(d.Step, d.Shape[2])
	return nil
}

// overCells is the mean over cells of so many channels each.
func overCells(step []float32, channels int) []float32 {
	sum := make([]float64, channels)
	for i, v := range step {
		sum[i%channels] += float64(v)
	}
	out := make([]float32, channels)
	for c, v := range sum {
		out[c] = float32(v / float64(len(step)/channels))
	}
	return out
}

// addTo adds so many steps to a latent of rows × columns × channels: cell by cell where the pictures of its groups
// have latents of that shape, else the mean step to every cell.
func (d *Direction) addTo(z []float32, shape []int, by float64) {
	if slices.Equal(shape, d.Shape) {
		for i, v := range d.Step {
			z[i] += float32(by) * v
		}
		return
	}
	n := len(d.cell)
	for i := range z {
		z[i] += float32(by) * d.cell[i%n]
	}
}

// Steering is how far a latent is moved along directions. The zero value moves nothing.
type Steering struct {
	Sigmas [MostSigmas]float64 // along principal directions, in standard deviations
	Kept   [MostDirections]Push
}

// MostSigmas is how many principal directions there are sliders for.
const MostSigmas = 6

// A Push is so many steps along a direction that was kept.
type Push struct {
	Of *Direction // nil: none
	By float64
}

// By is how many steps along a direction are taken.
func (s Steering) By(d *Direction) float64 {
	for _, p := range s.Kept {
		if p.Of == d {
			return p.By
		}
	}
	return 0
}

// With takes another number of steps along a direction. Where all places are taken, nothing changes.
func (s Steering) With(d *Direction, by float64) Steering {
	i := slices.IndexFunc(s.Kept[:], func(p Push) bool { return p.Of == d })
	if i < 0 {
		i = slices.IndexFunc(s.Kept[:], func(p Push) bool { return p.Of == nil })
	}
	switch {
	case i < 0:
	case by == 0:
		s.Kept[i] = Push{}
	default:
		s.Kept[i] = Push{d, by}
	}
	return s
}

// moved adds to a latent of some shape what the steering says. principal are the directions that Sigmas are along, of as many
// numbers as the latent, or as a cell of it; nil: none.
func (s Steering) moved(z []float32, shape []int, principal *embed.PCA) {
	for k, sigma := range s.Sigmas {
		if sigma == 0 || principal == nil || k >= len(principal.Variances) {
			continue
		}
		step := sigmaOf(principal, k)
		for i := range z {
			z[i] += float32(sigma) * step[i%len(step)]
		}
	}
	for _, p := range s.Kept {
		if p.Of != nil && p.Of.Shape[2] == shape[2] {
			p.Of.addTo(z, shape, p.By)
		}
	}
}

// sigmaOf is one standard deviation along a principal direction.
func sigmaOf(p *embed.PCA, k int) []float32 {
	row := p.Components.RawRowView(k)
	sigma := math.Sqrt(p.Variances[k])
	out := make([]float32, len(row))
	for i, v := range row {
		out[i] = float32(sigma * v)
	}
	return out
}

// sharesOf is which share of all variance the first principal directions have, at most MostSigmas of them.
func sharesOf(p *embed.PCA) []float64 {
	if p == nil || p.Total <= 0 {
		return []float64{}
	}
	out := make([]float64, min(MostSigmas, len(p.Variances)))
	for k := range out {
		out[k] = p.Variances[k] / p.Total
	}
	return out
}

// loadDirections reads those that were kept. One that cannot be read is left where it is, and said.
func loadDirections(dir string) (all []*Direction, trouble error) {
	names, err := filepath.Glob(filepath.Join(dir, directionsFolder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		d, err := readDirection(name)
		if err != nil {
			trouble = imageio.FileError{Path: name, Err: err}
			continue
		}
		all = append(all, d)
	}
	sortDirections(all)
	return all, trouble
}

// recallDirections reads what was kept before.
func (s *Session) recallDirections() {
	s.filing.Lock()
	defer s.filing.Unlock()
	all, err := loadDirections(s.o.StateDir)
	s.fail(err)
	s.update(func(st *State) { st.Directions = all })
}

func sortDirections(all []*Direction) {
	slices.SortFunc(all, func(a, b *Direction) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
}

func readDirection(name string) (*Direction, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := &Direction{file: name}
	if err := json.NewDecoder(io.LimitReader(f, mostDirectionB)).Decode(d); err != nil {
		return nil, errDirection
	}
	return d, d.settle()
}

// save writes a direction into a folder, which it makes if need be.
func (d *Direction) save(dir string) error {
	dir = filepath.Join(dir, directionsFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	h := fnv.New64a()
	io.WriteString(h, d.ID+"\n"+d.Name)
	d.file = filepath.Join(dir, fmt.Sprintf("%016x.json", h.Sum64()))
	return writeFile(d.file, func(w io.Writer) error { return json.NewEncoder(w).Encode(d) })
}

// DirectionsOf are the directions that were kept of a model.
func (st State) DirectionsOf(m Model) (all []*Direction) {
	for _, d := range st.Directions {
		if d.ID == m.ID && m.ID != "" {
			all = append(all, d)
		}
	}
	return all
}

// keep adds a direction to those that are kept, in place of one of the same name of the same model.
func (s *Session) keep(d *Direction) error {
	if err := d.settle(); err != nil {
		return err
	}
	s.filing.Lock()
	defer s.filing.Unlock()
	s.mu.Lock()
	all := slices.DeleteFunc(slices.Clone(s.state.Directions), func(o *Direction) bool { return o.ID == d.ID && o.Name == d.Name })
	s.mu.Unlock()
	count := 0
	for _, o := range all {
		if o.ID == d.ID {
			count++
		}
	}
	if count >= MostDirections {
		return fmt.Errorf("%w: %d", errDirections, MostDirections)
	}
	if s.o.StateDir != "" {
		if err := d.save(s.o.StateDir); err != nil {
			return err
		}
	}
	all = append(all, d)
	sortDirections(all)
	s.update(func(st *State) { st.Directions = all })
	return nil
}

// ForgetDirection removes a direction, and its file.
func (s *Session) ForgetDirection(d *Direction) {
	s.do("Forgetting a direction", func(context.Context) error {
		s.filing.Lock()
		defer s.filing.Unlock()
		if d.file != "" {
			if err := remove(d.file); err != nil {
				return err
			}
		}
		s.update(func(st *State) {
			st.Directions = slices.DeleteFunc(slices.Clone(st.Directions), func(o *Direction) bool { return o == d })
		})
		return nil
	})
}
