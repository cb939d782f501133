#include "runtime/foreign_error.h"

#include <cerrno>
#include <filesystem>
#include <new>
#include <system_error>

namespace switchyard {

Exit exit_of_system(int error) {
  const bool of_the_path = error == ENOENT || error == EACCES || error == EPERM || error == EROFS ||
                           error == ENOTDIR || error == EISDIR || error == EEXIST ||
                           error == ENAMETOOLONG || error == ELOOP || error == EINVAL;
  return of_the_path ? Exit::usage : Exit::storage;
}

Error error_of(const std::exception& thrown) {
  if (const auto* error = dynamic_cast<const Error*>(&thrown)) return *error;
  if (const auto* error = dynamic_cast<const std::system_error*>(&thrown)) {
    const int number = error->code().value();
    const bool of_a_file = dynamic_cast<const std::filesystem::filesystem_error*>(&thrown) ||
                           number == ENOSPC || number == EDQUOT || number == EFBIG || number == EIO;
    return Error(of_a_file ? exit_of_system(number) : Exit::internal, thrown.what());
  }
  if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr) {
    return Error(Exit::usage, "out of memory: use more ranks, or a smaller model or batch");
  }
  return Error(Exit::internal, thrown.what());
}

}  // namespace switchyard
