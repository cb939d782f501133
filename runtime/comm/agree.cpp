#include "runtime/comm/agree.h"

#include <optional>

#include "runtime/foreign_error.h"

namespace switchyard {

void agree(Comm& comm, const std::function<void()>& work) {
  std::optional<Error> failure;
  try {
    work();
  } catch (const std::exception& error) {
    failure = error_of(error);
  }
  const std::int64_t nobody = comm.size();
  const std::int64_t first =
      reduce_one(comm, failure ? std::int64_t{comm.rank()} : nobody, Reduce::min);
  if (first == nobody) return;
  const int root = static_cast<int>(first);
  const std::int64_t mine =
      failure && comm.rank() == root ? static_cast<std::int64_t>(failure->code()) : 0;
  const auto code = static_cast<Exit>(reduce_one(comm, mine, Reduce::max));
  throw Error(code, broadcast_text(comm, failure ? failure->what() : "", root)).as_agreed();
}

void on_root(Comm& comm, const std::function<void()>& work) {
  agree(comm, [&] {
    if (comm.rank() == 0) work();
  });
}

}  // namespace switchyard
