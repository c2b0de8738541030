# cmake -D SOURCE=... -D SCRATCH=... -D GENERATOR=... -P build_flags.cmake
# A site's compiler flags reach every source of ours, in every build type, and are the only ones of
# their kind.
file(REMOVE_RECURSE ${SCRATCH})
set(ENV{CXXFLAGS} -DPROBE_ENVIRONMENT)

# expect(CONFIGURE_ARGUMENTS ... WITH flags ... WITHOUT flags ...)
function(expect)
  cmake_parse_arguments(arg "" "" "ARGUMENTS;WITH;WITHOUT" ${ARGN})
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${SCRATCH} -G ${GENERATOR} -D CMAKE_EXPORT_COMPILE_COMMANDS=ON
                          ${arg_ARGUMENTS}
                  RESULT_VARIABLE code OUTPUT_VARIABLE words ERROR_VARIABLE words)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${arg_ARGUMENTS}: ${words}")
  endif()
  file(STRINGS ${SCRATCH}/compile_commands.json commands REGEX "\"command\": ")
  list(LENGTH commands count)
  if(count LESS 50)
    message(FATAL_ERROR "${count} compile commands; expected those of the whole library")
  endif()
  foreach(command ${commands})
    foreach(flag ${arg_WITH})
      if(NOT "${command} " MATCHES " ${flag} ")
        message(FATAL_ERROR "${arg_ARGUMENTS}: ${flag} is lost in ${command}")
      endif()
    endforeach()
    foreach(flag ${arg_WITHOUT})
      if("${command} " MATCHES " ${flag} ")
        message(FATAL_ERROR "${arg_ARGUMENTS}: ${flag} was not asked for in ${command}")
      endif()
    endforeach()
  endforeach()
endfunction()

expect(ARGUMENTS -DCMAKE_BUILD_TYPE=Audit WITH -O2 -g1 -Wall -DPROBE_ENVIRONMENT WITHOUT -DNDEBUG)
expect(ARGUMENTS -DCMAKE_BUILD_TYPE=Audit -DCMAKE_CXX_FLAGS_AUDIT=-DPROBE_AUDIT WITH -DPROBE_AUDIT -DPROBE_ENVIRONMENT
       WITHOUT -O2 -g1)
expect(ARGUMENTS -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DPROBE_RELEASE"
       WITH -O1 -DPROBE_RELEASE -DPROBE_ENVIRONMENT WITHOUT -O2 -O3)
expect(ARGUMENTS -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS=-DPROBE_FLAGS WITH -DPROBE_FLAGS -DPROBE_RELEASE)
file(REMOVE_RECURSE ${SCRATCH})
message("all checks passed")
