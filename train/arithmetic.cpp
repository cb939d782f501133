#include "train/arithmetic.h"

#include "runtime/comm/agree.h"
#include "runtime/product/matmul_library.h"

namespace switchyard {

Arithmetic agree_on_arithmetic(const std::vector<MatmulShape>& shapes, Comm& world,
                               Stream& stream) {
  MatmulSelfTest test;
  agree(world, [&] { test = self_test_matmul(shapes, stream); });
  const bool all_repeat = reduce_one(world, std::int64_t{test.library_repeats}, Reduce::min) == 1;
  if (!all_repeat && test.library_repeats) {  // the library of another rank does not
    matmul_library(stream).use_fallback();
    agree(world, [&] { test = self_test_matmul(shapes, stream); });
  }
  const auto hash = static_cast<std::int64_t>(test.hash);
  std::int64_t root_hash = hash;
  world.broadcast(tensor_of(&root_hash, {1}), 0, stream);
  agree(world, [&] {
    require(hash == root_hash, Exit::usage,
            "rank {} computes other bits than rank 0 (fingerprints {:016x} and {:016x}), so "
            "train.exact = true cannot hold: "
            "use one kind of processor, set the same ONEDNN_MAX_CPU_ISA on all nodes, or set "
            "train.exact = false",
            world.rank(), test.hash, static_cast<std::uint64_t>(root_hash));
  });
  return {fmt::format("{:016x}", test.hash), all_repeat};
}

std::string emulation_note(const ProductPrecision& precision, Stream& stream) {
  if (stream.device().kind == Device::Kind::cuda) return {};  // tensor cores have all of them
  const auto asks_for = [&](Precision wanted) {
    return precision.forward == wanted || precision.input_gradient == wanted ||
           precision.weight_gradient == wanted || precision.head == wanted;
  };
  const MatmulLibrary& library = matmul_library(stream);
  std::string note;
  if (asks_for(Precision::bf16) && !library.multiplies_bf16()) {
    note = "bf16 products run in f32, of operands rounded to bf16";
  }
  if (asks_for(Precision::int8) && !library.multiplies_int8()) {
    note += std::string(note.empty() ? "" : "; ") +
            "int8 products run in 16 bits, with the same exact sums";
  }
  return note.empty() ? note : "this processor lacks instructions, so it is slower: " + note;
}

}  // namespace switchyard
