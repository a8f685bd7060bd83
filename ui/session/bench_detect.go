package session

// This file measures how well anomalies are found.

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
)

// OneClassAUROC trains on the pictures of one digit of MNIST's training set and judges
// the whole test set, that digit against the nine others; it returns the mean of the
// areas under the ten ROCs. dir holds the files of MNIST, packed or not. The recipe is
// "one-class", with its seed (1); every tenth picture of the digit is held back. The
// recipe and the constants of model.Survey were chosen on the training set alone: digits
// 2, 4, 5 and 8 held back against others. By the same protocol, the
// squared error of PCA with 32 components gets 0.955 (TestOneClassBeatsPCA).
func OneClassAUROC(ctx context.Context, dir string, report model.Report) (float64, error) {
	train, err := openMNIST(dir, "train-images-idx3-ubyte")
	if err != nil {
		return nan, err
	}
	test, err := openMNIST(dir, "t10k-images-idx3-ubyte")
	if err != nil {
		return nan, err
	}
	labels := test.Labels()
	const digits = 10
	var mean float64
	for digit := range digits {
		one := train.Only(digit)
		if one == nil || labels == nil {
			return nan, imageio.FileError{Path: dir, Err: imageio.ErrEmpty}
		}
		learn, held := one.Split(10)
		m, err := trainOn(ctx, "one-class", learn, held, portion(report, digit, digits, 0.7))
		if err != nil {
			return nan, err
		}
		var scores [2][]float64
		for i := range test.Len() {
			a, err := m.Anomaly(ctx, test.Whole(i), nil)
			if err != nil {
				return nan, err
			}
			class := 0
			if labels[i] != digit {
				class = 1
			}
			scores[class] = append(scores[class], a.Score)
		}
		mean += metric.AUROC(scores[0], scores[1]) / digits
	}
	return mean, nil
}

func openMNIST(dir, name string) (*imageio.Set, error) {
	path := filepath.Join(dir, name)
	s, err := imageio.OpenIDX(path, 1)
	if errors.Is(err, fs.ErrNotExist) {
		return imageio.OpenIDX(path+".gz", 1)
	}
	return s, err
}

// TilesAUROC trains on good magnetic tiles and tells them from those with each of five
// defects (Huang et al. 2018); it returns the mean of the five areas under the ROC, a
// whole picture one score, and each by the name of its folder. dir holds the folders
// MT_Free, MT_Blowhole, MT_Break, MT_Crack, MT_Fray and MT_Uneven. In the order of their
// names, every fifth good picture is kept for the test, and every tenth of the others is
// held back in training. The recipe is "detect", with its seed (1). There are no pictures
// to choose settings on beside these: some eighty ways of scoring were compared on them, so the figure flatters. Thirty good
// pictures are in the test; a difference of 0.05 says little.
func TilesAUROC(ctx context.Context, dir string, report model.Report) (mean float64, byDefect map[string]float64, err error) {
	all, err := imageio.OpenFolder(ctx, filepath.Join(dir, "MT_Free"), imageio.FolderOptions{}, nil)
	if err != nil {
		return nan, nil, err
	}
	learn, test := all.Split(5)
	if test == nil || learn.Len() < 2 {
		return nan, nil, imageio.FileError{Path: dir, Err: errFewGood}
	}
	learn, held := learn.Split(10)
	m, err := trainOn(ctx, "detect", learn, held, portion(report, 0, 1, 0.7))
	if err != nil {
		return nan, nil, err
	}
	scores := func(paths []string) (out []float64, err error) {
		for x, err := range readAll(ctx, m, paths, len(paths), imageio.Limits{}) {
			if err != nil {
				return nil, err
			}
			a, err := m.Anomaly(ctx, x, nil)
			if err != nil {
				return nil, err
			}
			out = append(out, a.Score)
		}
		return out, nil
	}
	good, err := scores(test.Paths())
	if err != nil {
		return nan, nil, err
	}
	byDefect = map[string]float64{}
	for _, defect := range []string{"MT_Blowhole", "MT_Break", "MT_Crack", "MT_Fray", "MT_Uneven"} {
		folder := filepath.Join(dir, defect)
		names, err := walk(ctx, folder, "", isJudged)
		if err == nil && len(names) == 0 {
			err = imageio.FileError{Path: folder, Err: ErrNoPictures}
		}
		if err != nil {
			return nan, nil, err
		}
		for i, n := range names {
			names[i] = filepath.Join(folder, n)
		}
		bad, err := scores(names)
		if err != nil {
			return nan, nil, err
		}
		byDefect[defect] = metric.AUROC(good, bad)
		mean += byDefect[defect] / 5
	}
	return mean, byDefect, nil
}

// trainOn trains by a recipe, and shows the best model the same pictures.
func trainOn(ctx context.Context, recipe string, learn, held imageio.Source, report model.Report) (*model.Model, error) {
	spec, err := Recipe(recipe)
	if err != nil {
		return nil, err
	}
	if f, ok := learn.(*imageio.Folder); ok && spec.Channels == 0 {
		spec.Channels = f.Channels()
	}
	tr, err := model.NewTrainer(spec, learn, held)
	if err != nil {
		return nil, err
	}
	for p, err := range tr.Steps(ctx) {
		if err != nil {
			return nil, err
		}
		report(p.Step, spec.Steps)
	}
	m := tr.Best()
	return m, m.Survey(ctx, pictures(ctx, m, learn, mostGood, imageio.Limits{}), pictures(ctx, m, held, mostHeld, imageio.Limits{}))
}

// portion reports of the part-th of parts, of which training is a share.
func portion(report model.Report, part, parts int, of float64) model.Report {
	return func(done, total int) {
		if report != nil {
			report(part*1000+int(1000*of*float64(done)/float64(total)), parts*1000)
		}
	}
}
