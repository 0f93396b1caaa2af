@echo This project runs on Linux and macOS. On Windows, run it in WSL: wsl --install, then clone and start it there; the package intrinsic-dimension needs no WSL. 1>&2
@exit /b 1
