package session

// This file is the one place where errors become sentences: what happened, to
// which file, what to do.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/metric"
	"sieve/model/noise"
)

// A Sentence is a text that can be translated: its key is the English text, in
// which {{.Name}} stands for an argument.
type Sentence struct {
	Key  string
	Args map[string]any
}

// say makes a sentence of a key and the names and values of its arguments.
func say(key string, args ...any) Sentence {
	s := Sentence{Key: key}
	for i := 0; i+1 < len(args); i += 2 {
		if s.Args == nil {
			s.Args = map[string]any{}
		}
		s.Args[args[i].(string)] = args[i+1]
	}
	return s
}

// String is the sentence in English.
func (s Sentence) String() string {
	text := s.Key
	for name, v := range s.Args {
		text = strings.ReplaceAll(text, "{{."+name+"}}", fmt.Sprint(v))
	}
	return text
}

// Words says in English what happened, to which file, and what to do.
func Words(err error) string {
	if err == nil {
		return ""
	}
	return Explain(err).String()
}

// A plain is an error that is recognised by errors.Is and said with the file's
// name alone.
type plain struct {
	is  error
	key string
}

// plains are in order: the first that fits is said.
var plains = []plain{
	{context.Canceled, "Cancelled."},
	{context.DeadlineExceeded, "Not done in time. Try again."},
	{model.ErrNoBest, "There are no best weights yet to go back to. Train until the first validation."},
	{ErrExists, "{{.File}} is there already. Choose another name, or allow files to be overwritten."},
	{ErrOntoInput, "{{.File}} would be written over the picture it is made of. Choose another name or folder, or allow files to be overwritten."},
	{ErrSameOutput, "{{.File}} would be written twice, for two pictures. Give one of them another name."},
	{ErrNotFolder, "{{.File}} is a file, and several pictures need a folder to go to. Name a folder."},
	{errNoneRead, "None of the pictures in {{.File}} can be read. The first: {{.Detail}} Choose a folder with whole ones."},
	{ErrNoPictures, "There is no picture in {{.File}}. Choose a folder with pictures (PNG, JPEG, TIFF, WebP, BMP or GIF)."},
	{ErrNothing, "There is nothing to save yet. Wait until the picture has been made."},
	{ErrNoTraining, "There is no training yet. Start one on the Train page."},
	{errDirection, "{{.File}} is no direction that Sieve has kept. Remove it, or put the right file in its place."},
	{errNameless, "A direction needs a name. Type one."},
	{errDirections, "There are {{.Detail}} directions of this model already. Forget one first."},
	{errGroups, "There are no two groups yet. Choose pictures, or labels, for both ends of the direction."},
	{errChance, "{{.Detail}} has no distribution to draw pictures from. Choose a variational model without skip connections, such as digits, or train one."},
	{errEmpty, "There is too little to mix yet. Choose pictures for the corners {{.Detail}}."},
	{errNoMean, "There is nothing to mix yet. Choose a folder."},
	{errNoTiles, "There is no arithmetic of bf16 here: {{.Detail}} (AMX). Choose fp32."},
	{errInFull, "The arithmetic is fp32, as bf16 would be of no use: {{.Detail}} (AMX)."},
	{errOtherPrecision, "The training changes its precision: {{.Detail}}. Its weights will not be those of a run in one."},
	{errPasted, "What was copied holds no settings of a training. Copy those of a run, or a recipe in JSON."},
	{errRun, "{{.File}} cannot be read: {{.Detail}}. Delete this run; the others are whole."},
	{errRunning, "{{.File}} goes on in a window. Stop it first."},
	{errNoWeights, "The weights of {{.File}} are gone: they made room for newer runs. Run it again."},
	{errBusy, "A training is under way. Stop it first."},
	{ErrFolder, "{{.File}} is a folder. Choose a name for a file in it."},
	{errExtension, "{{.File}} cannot be written: its name must end in .png, .jpg or .tif. Choose such a name."},
	{errTemplate, "{{.File}} makes no names for files. Use {name} or {number}, and no signs that names of files cannot hold."},
	{errNoCodec, "{{.File}} was compressed with a model that is not at hand ({{.Detail}}). Ask whoever made it for that model, and put the model's file beside it, or name it with --model."},
	{errTooSmall, "{{.File}} cannot be made as small: {{.Detail}}. Ask for more bytes, or make the picture smaller."},
	{errTooGood, "{{.File}} cannot be compressed as well: {{.Detail}}. Ask for less, or save it as PNG."},
	{ErrPartly, "{{.File}} is damaged: {{.Detail}}. The rest is whole. Copy or download it again."},
	{errLatentName, "{{.File}} cannot be written: the name of a latent must end in .npy. Choose such a name."},
	{errNoNote, "{{.File}} lacks the file of the same name that ends in .json, which says what model and picture it is of. Copy the one that was written with the latent beside it, under its name."},
	{errNote, "{{.File}} does not say what model and picture a latent is of: {{.Detail}}. Put the file back that was written with the latent."},
	{errGoneModel, "{{.File}} was made with a model that is not at hand: {{.Detail}}. Name that model's file (--model)."},
	{errOtherModel, "{{.File}} was made with a model that is not this one ({{.Detail}}). Name that model (--model)."},
	{errOtherLatent, "{{.File}} does not have the shape of the latent that was written: {{.Detail}}. Keep rows, columns and channels as they were."},
	{errLatent, "{{.File}} holds no latent that can be decoded: {{.Detail}}. Save finite numbers as NumPy does, in float32: numpy.save(name, numpy.ascontiguousarray(z, \"float32\"))."},
	{errNeedsIt, "{{.File}} is not all that this model's decoder sees: what its encoder had at larger sizes goes past the latent. Name the picture that the latent was made of (--with)."},
	{errOtherOne, "{{.File}} is not the picture that the latent was made of: {{.Detail}}. Name that one (--with)."},
	{model.ErrWatch, "{{.File}}: {{.Detail}} cannot be watched. Choose a layer after the picture."},
	{model.ErrLesion, "{{.File}}: {{.Detail}} cannot be switched off. Choose a layer that learns, or a channel of the latent."},
	{errPackedExt, "{{.File}} cannot be written: the name of a compressed picture must end in .sieve. Choose such a name."},
	{model.ErrTile, "{{.File}} is damaged ({{.Detail}}). Copy or download it again."},
	{metric.ErrCurves, "The rates in {{.File}} cannot be compared: the codecs share no range of quality. Measure at more qualities."},
	{model.ErrFreeze, "{{.File}} compresses no pictures: {{.Detail}}. Choose a model whose bottleneck is quantised."},
	{imageio.ErrPacked, "{{.File}} is no compressed picture of this program. Open a file whose name ends in .sieve."},
	{errNoPairs, "{{.File}} holds no pairs to compare: {{.Detail}}. Name a folder with pictures NAME_real and NAME_mean of one size."},
	{errChart, "{{.File}} cannot be written: a chart's name must end in .png, .svg or .csv. Choose such a name."},
	{ErrSpecFile, "{{.File}} holds no settings for training: {{.Detail}}. Name a JSON file like the recipes of the program."},
	{errNoDigits, "{{.File}} is not MNIST: {{.Detail}}. Name the folder with its four files (--data)."},
	{errNoPlane, "{{.File}} cannot be drawn: {{.Detail}}."},
	{errSizes, "{{.File}} has another size than others, and pictures of several sizes have latents of several lengths. Make them one size, or take the mean of each latent (--pool mean)."},
	{errLabels, "{{.File}} does not fit the pictures: {{.Detail}}. Give one label for each picture, as IDX or one a line."},
	{errManyNumbers, "{{.File}}: all latents together are too large: {{.Detail}}. Take the mean of each map (--pool mean), or fewer pictures."},
	{errTable, "{{.File}} cannot be written: its name must end in .npy or .csv. Choose such a name."},
	{errMap, "{{.File}} cannot be written: a map's name must end in .png, .jpg, .tif or .csv. Choose such a name."},
	{errCrowd, "{{.File}} and those beside it are too many pictures for t-SNE: {{.Detail}}. Take fewer, a lower perplexity (--perplexity), or principal components (--method pca)."},
	{embed.ErrNumber, "{{.File}}: the model's latents are no numbers. It has not learned well: choose another, or train it at a lower rate."},
	{embed.ErrFew, "{{.File}} holds too few pictures: {{.Detail}}. Choose more."},
	{errUnknown, "{{.File}} is neither a picture nor a model. Open a PNG, JPEG, TIFF, WebP, BMP or GIF picture, or a model that Sieve saved."},
	{errNoNormal, "{{.File}} does not know what good pictures look like. Name a folder of good ones with --good, or train it with the recipe “detect”."},
	{errFewGood, "There are too few good pictures in {{.File}} to hold some back. Name a folder with two or more, better fifty."},
	{errMask, "{{.File}} is the mask of a picture and of another size. Make it as large as the picture, or remove it."},
	{imageio.ErrTruncated, "{{.File}} ends too early: part of it is missing. Copy or download it again."},
	{imageio.ErrTooLarge, "{{.File}} is too large: {{.Detail}}. Raise the limit, or make the picture smaller."},
	{imageio.ErrDamaged, "{{.File}} is damaged ({{.Detail}}). Copy or download it again, or save it anew with the program that made it."},
	{imageio.ErrUnsupported, "{{.File}} uses something that is not supported: {{.Detail}}. Save it as a plain PNG, JPEG or TIFF."},
	{imageio.ErrFormat, "{{.File}} is not a picture in a known format. Open a PNG, JPEG, TIFF, WebP, BMP or GIF picture."},
	{imageio.ErrEmpty, "{{.File}} holds nothing to learn from. Choose a folder with pictures."},
	{model.ErrFormat, "{{.File}} is not a whole model of this program: {{.Detail}}. Copy or download it again, or open another."},
	{fs.ErrNotExist, "{{.File}} does not exist. Check its name, and whether its disk is connected."},
	{fs.ErrPermission, "{{.File}}: no permission. Change the permissions, or choose another folder."},
	{fs.ErrExist, "{{.File}} is there already. Choose another name."},
	{syscall.ENOSPC, "The disk is full: {{.File}} was not written, and what was there before is as it was. Make room, or choose another disk."},
	{syscall.EROFS, "{{.File}} lies where nothing can be written. Choose another folder."},
	{syscall.EISDIR, "{{.File}} is a folder. Choose a file in it."},
	{syscall.ENOTDIR, "{{.File}} leads through a file as if it were a folder. Check the name."},
	{syscall.ENAMETOOLONG, "The name {{.File}} is too long. Choose a shorter one."},
	{syscall.EMFILE, "{{.File}} could not be opened: too many files are open. Close other programs and try again."},
	{syscall.EIO, "{{.File}} could not be read or written: the disk reports an error. Check the disk, and copy what is on it."},
}

// Explain is Words for whoever translates.
func Explain(err error) Sentence {
	var (
		diverged *DivergedError
		spec     *model.SpecError
		scheme   *noise.ParseError
		data     *DataError
	)
	switch {
	case errors.Is(err, errLesson): // whatever is wrong in it
		return say("{{.File}} holds no lesson that can be held: {{.Detail}}. Mend it with a text editor; assets/lessons/README.md says what belongs in a lesson.",
			"File", fileOf(err), "Detail", detail(err, errLesson))
	case errors.As(err, &diverged) && diverged.Best > 0:
		return say("Training diverged at step {{.Step}}: its numbers left all bounds. The best weights so far (step {{.Best}}) are kept. "+
			"Lower the learning rate, and go on from them.", "Step", diverged.Step, "Best", diverged.Best)
	case errors.As(err, &diverged):
		return say("Training diverged at step {{.Step}}: its numbers left all bounds before it had learned anything. "+
			"Lower the learning rate, and start again.", "Step", diverged.Step)
	case errors.Is(err, model.ErrDiverged):
		return say("Training diverged: its numbers left all bounds. Lower the learning rate, and start again.")
	case errors.As(err, &spec):
		return say("The setting “{{.Field}}” cannot be {{.Value}}. It should be {{.Want}}.", "Field", spec.Field, "Value", spec.Value, "Want", spec.Want)
	case errors.As(err, &scheme):
		return say("“{{.Part}}” is no kind and strength of noise. It should be {{.Want}}.", "Part", scheme.Part, "Want", scheme.Want)
	case errors.Is(err, ErrNoModel):
		return say("There is no model of that name: {{.Detail}}. Name a model file, or one of those that come with the program.", "Detail", detail(err, ErrNoModel))
	case errors.As(err, &data) && errors.Is(err, imageio.ErrEmpty) && data.Name != "":
		var bad imageio.FileError
		if errors.As(err, &bad) {
			return say("Nothing in {{.File}} can be learned from. {{.Why}} Choose a folder with whole pictures.", "File", shorten(data.Name), "Why", Words(bad))
		}
		return say("There are no pictures in {{.File}} to learn from. Choose a folder with some (PNG, JPEG, TIFF, WebP, BMP or GIF).", "File", shorten(data.Name))
	case errors.As(err, &data) && data.Name == "":
		return say("There is nothing to learn from yet. Choose a folder of pictures, or one of the built-in sources.")
	case errors.As(err, &data) && errors.Is(err, imageio.ErrUnsupported) && strings.HasPrefix(data.Name, "builtin:"):
		return say("{{.File}}: there is no such built-in source. The built-in ones are {{.Names}}.",
			"File", data.Name, "Names", "builtin:"+strings.Join(imageio.Builtins(), ", builtin:"))
	case errors.As(err, &data) && errors.Is(err, fs.ErrNotExist):
		return say("The pictures to learn from, {{.File}}, are not there. Connect their disk, or choose others.", "File", data.Name)
	}
	if runtime.GOOS == "windows" && errors.Is(err, syscall.Errno(112)) { // ERROR_DISK_FULL
		err = errors.Join(syscall.ENOSPC, err)
	}
	for _, p := range plains {
		if errors.Is(err, p.is) {
			return say(p.key, "File", fileOf(err), "Detail", detail(err, p.is))
		}
	}
	return say("{{.File}}: {{.Detail}}. Try again, or choose another file or folder.", "File", fileOf(err), "Detail", bare(err))
}

// IsMistake reports whether an error is of what was asked for, and not of the
// files and the machine: to try the same again is of no use.
func IsMistake(err error) bool {
	var data *DataError
	switch {
	case errors.As(err, new(*model.SpecError)), errors.As(err, new(*noise.ParseError)):
		return true
	case errors.As(err, &data):
		return data.Name == "" || errors.Is(err, imageio.ErrUnsupported) && strings.HasPrefix(data.Name, "builtin:")
	}
	for _, is := range []error{ErrNoModel, ErrSpecFile, ErrNotFolder, errExtension, errPackedExt, errChart, errTable, errMap, errLatentName, errSizes, errNoDigits, errNoPlane, errNoTiles} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// fileOf finds the innermost file that an error names. Names without a folder
// are what people recognise.
func fileOf(err error) string {
	var (
		file imageio.FileError
		path *fs.PathError
		link *os.LinkError
		data *DataError
	)
	switch {
	case errors.As(err, &file):
		return shorten(file.Path)
	case errors.As(err, &path):
		return shorten(path.Path)
	case errors.As(err, &data):
		return shorten(data.Name)
	case errors.As(err, &link):
		return shorten(link.New)
	}
	return "The file"
}

// shorten keeps the last two parts of a path.
func shorten(path string) string {
	dir, name := filepath.Split(filepath.Clean(path))
	if up := filepath.Base(filepath.Clean(dir)); dir != "" && up != "." && up != string(filepath.Separator) {
		return filepath.Join(up, name)
	}
	return path
}

// detail is what an error says beyond the sentinel it wraps and the file's name.
func detail(err, sentinel error) string {
	if _, rest, ok := strings.Cut(err.Error(), sentinel.Error()+": "); ok {
		return rest
	}
	return bare(err)
}

// bare is an error's text without the names of files and packages before it.
func bare(err error) string {
	var file imageio.FileError
	var path *fs.PathError
	for errors.As(err, &file) {
		err = file.Err
	}
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	text := err.Error()
	for _, name := range []string{"session: ", "model: ", "noise: ", "embed: ", "imageio: "} {
		text = strings.TrimPrefix(text, name)
	}
	return text
}
