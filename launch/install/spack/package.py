# A Spack recipe. `spack repo create my-repo`, copy this to my-repo/packages/switchyard/package.py, `spack repo add my-repo`,
# then `spack install switchyard`. docs/install.md says what of it was tried.
from spack.package import *


class Switchyard(CMakePackage):
    """Trains mixture-of-experts language models on MPI ranks, with the same bits on any number of them."""

    git = "file:///path/to/switchyard"  # your clone

    license("Apache-2.0")
    version("main", branch="main")

    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")  # Open MPI 4.1 and 5.0 and MPICH 5.0 were tested
    depends_on("onednn@2.6:3")
    depends_on("hdf5@1.10: ~mpi +hl")
    depends_on("cli11")
    depends_on("fmt@9:")
    depends_on("spdlog")
    depends_on("tomlplusplus")
    depends_on("nlohmann-json")
    depends_on("sentencepiece")
    depends_on("oniguruma")
    depends_on("utf8proc")
    depends_on("openssl")
    depends_on("xxhash")
    depends_on("zstd")
    depends_on("zlib-api")

    generator("ninja")

    def cmake_args(self):
        return ["-DBUILD_TESTING=OFF", "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=10"]
