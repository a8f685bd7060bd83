package session

// This file measures how fast networks train and infer on this machine.

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sieve/model"
	"sieve/model/tensor"
)

// A SpeedJob says what to measure.
type SpeedJob struct {
	Kernel   string   // for convolutions; "" is the best
	Half     bool     // in bf16
	Networks []string // of model.References; none are all
	Seconds  float64  // a measurement
}

// A SpeedReport is what came out.
type SpeedReport struct {
	Machine struct {
		CPU    string `json:"cpu"`
		Cores  int    `json:"cores"`
		Kernel string `json:"kernel"` // that was measured
		Tiles  string `json:"tiles"`  // whether there are any, as found in MachineReport
	} `json:"machine"`
	Precision string `json:"precision"` // "fp32" or "bf16"
	Threads   int    `json:"threads"`
	Ceiling   struct {
		One float64 `json:"one"`
		All float64 `json:"all"`
	} `json:"ceiling_gflops"` // of fused multiplication and addition in registers
	PeakRSS  float64                         `json:"peak_rss_mib"` // of this program so far; 0 where the system does not say
	Networks map[string]map[string]SpeedRate `json:"networks"`
}

// A SpeedRate is how fast one thing went. GFLOPS count what the definition of
// the network needs, at the median.
type SpeedRate struct {
	Batch  int     `json:"batch"`
	Best   float64 `json:"images_per_s_best"`
	Median float64 `json:"images_per_s_median"`
	GFLOPS float64 `json:"gflops"`
	Share  float64 `json:"share"` // of the ceiling on all threads
	Allocs float64 `json:"allocs_per_step"`
}

// Speed trains and infers the reference networks of package model on random
// pictures. It reports after every measurement what that is about.
func Speed(ctx context.Context, job SpeedJob, report func(network, what string, r SpeedRate)) (SpeedReport, error) {
	var out SpeedReport
	m := Machine()
	out.Machine.CPU, out.Machine.Cores, out.Machine.Kernel, out.Machine.Tiles = m.CPU, m.Cores, m.Kernel, model.Tiles()
	out.Precision = "fp32"
	if job.Half {
		if job.Kernel != "go" && out.Machine.Tiles != "available" {
			return out, noTiles()
		}
		out.Precision = "bf16"
	}
	if job.Kernel != "" {
		if !slices.Contains(m.Kernels, job.Kernel) {
			return out, &model.SpecError{Field: "kernel", Value: strconv.Quote(job.Kernel), Want: "one that runs here: " + strings.Join(m.Kernels, ", ")}
		}
		out.Machine.Kernel = job.Kernel
	}
	out.Threads = runtime.GOMAXPROCS(0)
	burst := func(rounds int) float64 { return model.Burst(out.Machine.Kernel, rounds) }
	if job.Half && job.Kernel != "go" {
		burst = model.BurstTiles
	}
	out.Ceiling.One, out.Ceiling.All = ceiling(burst, 1), ceiling(burst, out.Threads)
	out.Networks = map[string]map[string]SpeedRate{}
	if len(job.Networks) == 0 {
		job.Networks = model.References()
	}
	for _, name := range job.Networks {
		r, err := model.NewReference(name, job.Kernel, job.Half, 1)
		if err != nil {
			return out, err
		}
		out.Networks[name] = map[string]SpeedRate{}
		measure := func(what string, pictures int, flops float64, run func()) error {
			rate, err := timed(ctx, job.Seconds, pictures, run)
			if err != nil {
				return err
			}
			rate.GFLOPS = rate.Median * flops / 1e9
			rate.Share = rate.GFLOPS / out.Ceiling.All
			out.Networks[name][what] = rate
			if report != nil {
				report(name, what, rate)
			}
			return nil
		}
		if err := measure("train", r.Batch(), r.TrainFLOPs(), func() { r.Train() }); err != nil {
			return out, err
		}
		if err := measure("infer", r.Batch(), r.InferFLOPs(), r.Infer); err != nil {
			return out, err
		}
		if name == "b" {
			const h, w, trained = 512, 768, 64
			x := tensor.New(1, h, w, 3)
			rng := rand.New(rand.NewPCG(1, 1))
			for i := range x.Data {
				x.Data[i] = rng.Float32()
			}
			infer := func() { r.InferPicture(x) }
			if err := measure("infer_768x512", 1, r.InferFLOPs()*h*w/(trained*trained), infer); err != nil {
				return out, err
			}
		}
	}
	out.PeakRSS = peakMemory()
	return out, nil
}

// timed runs for so many seconds, at least five times, after two rounds that do
// not count.
func timed(ctx context.Context, seconds float64, pictures int, run func()) (SpeedRate, error) {
	run()
	run()
	var took []float64
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for begun := time.Now(); len(took) < 5 || time.Since(begun).Seconds() < seconds; {
		start := time.Now()
		run()
		took = append(took, time.Since(start).Seconds())
		if err := ctx.Err(); err != nil {
			return SpeedRate{}, err
		}
	}
	runtime.ReadMemStats(&after)
	n := float64(len(took))
	slices.Sort(took)
	return SpeedRate{
		Batch: pictures, Best: float64(pictures) / took[0], Median: float64(pictures) / took[len(took)/2],
		Allocs: float64(int(float64(after.Mallocs-before.Mallocs) / n)), // whole ones: the clock's own are not the step's
	}, nil
}

// ceiling returns the GFLOPS of bursts on so many threads, the best of some.
func ceiling(burst func(rounds int) float64, threads int) float64 {
	rounds := 1000
	for burst(1)*float64(rounds) < 4e8 && rounds < 1<<24 { // some milliseconds
		rounds *= 2
	}
	best := 0.0
	for range 8 {
		var done sync.WaitGroup
		start := time.Now()
		for range threads {
			done.Go(func() { burst(rounds) })
		}
		done.Wait()
		best = max(best, float64(threads*rounds)*burst(1)/time.Since(start).Seconds()/1e9)
	}
	return best
}
