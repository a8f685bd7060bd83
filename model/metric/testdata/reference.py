# The numbers in TestPublishedImplementation: SSIM and PSNR of drawn pictures by
# scikit-image (0.19.3 on NumPy 1.24.2), with the settings its documentation
# gives for Wang et al. Debian: apt install python3-skimage
import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

for h, w, c in ((64, 48, 3), (100, 75, 1)):
    i, j, k = np.meshgrid(np.arange(h), np.arange(w), np.arange(c), indexing="ij")
    a = (i * i + 3 * j * j + i * j + 50 * k) % 256
    b = (a + (7 * i + 13 * j + 29 * k) % 41) % 256
    x, y = ((v.astype(np.float32) / np.float32(255)).astype(np.float64) for v in (a, b))
    ssim = np.mean([
        structural_similarity(x[..., k], y[..., k], data_range=1, gaussian_weights=True,
                              sigma=1.5, use_sample_covariance=False)
        for k in range(c)
    ])
    print(h, w, c, repr(ssim), repr(peak_signal_noise_ratio(x, y, data_range=1)))
