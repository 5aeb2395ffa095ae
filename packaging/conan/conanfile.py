"""conan create packaging/conan: builds the tree it lies in. OpenBLAS with pkg-config's name, as the build asks for it."""
import os

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain
from conan.tools.files import copy
from conan.tools.gnu import PkgConfigDeps


class Tailgrad(ConanFile):
    name = "tailgrad"
    version = "0.1.0"
    license = "MIT"
    description = "Deep learning from imbalanced data, in C++20"
    settings = "os", "arch", "compiler", "build_type"
    requires = ("openblas/0.3.26", "onetbb/2021.10.0", "zlib/[>=1.2.11 <2]", "minizip/1.3.1", "fmt/9.1.0",
                "nlohmann_json/3.11.3", "utf8proc/2.9.0", "random123/1.14.0", "cli11/2.3.2", "boost/1.83.0")

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("CMakeLists.txt", "tailgrad.h", "LICENSE", "cmake/*", "core/*", "nn/*", "losses/*", "optim/*",
                        "data/*", "metrics/*", "models/*", "study/*", "cli/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def generate(self):
        CMakeDeps(self).generate()
        PkgConfigDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS"):
            toolchain.variables[f"TAILGRAD_BUILD_{part}"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.builddirs.append(os.path.join("lib", "cmake", "tailgrad"))
        self.cpp_info.set_property("cmake_find_mode", "none")  # ours serves
